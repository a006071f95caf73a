"""What the operator can do, place by place: one registry for keys, palette, help and docs."""
