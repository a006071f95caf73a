"""The ways to write a place in S3 or a server that speaks its language."""

from __future__ import annotations

import re

from core.secrets import mask_url, register_tree
from core.sources.place import Kind, Location, unplaced
from core.sources.web_urls import WebUrl, decoded

SCHEMES = frozenset({"s3", "s3a", "s3n"})

# Virtual-host and path style, regional, dual-stack, FIPS, accelerated and China's hosts:
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html
_HOST = re.compile(
    r"(?:(?P<bucket>.+)\.)?s3(?:-fips|-accelerate)?(?:[.-]dualstack)?"
    r"(?:[.-](?P<region>[a-z]{2,3}(?:-[a-z]+)+-\d+))?\.amazonaws\.com(?:\.cn)?"
)
_ARN = re.compile(r"(arn:aws[\w-]*:s3[\w-]*:[^/]*?[:/]accesspoint[:/][^/:]+)(?:/(.*))?", re.DOTALL)


def is_s3_host(host: str) -> bool:
    """Whether a lower-case host name is one of Amazon's for S3."""
    return _HOST.fullmatch(host) is not None


def is_presigned(url: WebUrl) -> bool:
    """Whether a URL carries its own permission to read one object, and only that."""
    return url.signature("x-amz-signature", "signature") is not None


def from_web(url: WebUrl, *, endpoint: str | None = None) -> Location:
    """A place by its `https://` URL; the key is URL-decoded once.

    On a host that isn't Amazon's the bucket is the first segment below `endpoint` (a URL that
    `url` starts with; the host by itself when None).
    """
    path = url.path + (f"?{url.query}" if url.query else "")
    amazon = _HOST.fullmatch(url.host)
    if amazon and amazon["bucket"]:
        bucket, key = amazon["bucket"], path
    else:
        if not amazon:
            endpoint = endpoint or url.service
            path = f"{url.service}/{path}".removeprefix(endpoint).removeprefix("/")
        bucket, _, key = path.partition("/")
    if not bucket:
        raise unplaced(f"{url.shown} names no bucket", "write s3://BUCKET/PREFIX, or add /BUCKET")
    return Location(
        Kind.S3,
        "s3",
        decoded(bucket, url.shown),
        decoded(key, url.shown),
        url.shown,
        endpoint=None if amazon else endpoint,
        region=amazon["region"] if amazon else None,
    )


def from_scheme(path: str, scheme: str, rest: str) -> Location:
    """A place by its `s3://` URL, whose key is taken as it is."""
    shown = mask_url(path)
    if shown != path and "@" in path:
        register_tree(path)
        raise unplaced(f"{shown} has keys in it", "put them into a connection, and write s3://BUCKET/PREFIX")
    if arn := _ARN.fullmatch(rest):
        bucket, key = arn[1], arn[2] or ""
    else:
        bucket, _, key = rest.partition("/")
    if not bucket:
        raise unplaced(f"{shown} names no bucket", f"write {scheme}://BUCKET/PREFIX")
    return Location(Kind.S3, "s3", bucket, key, shown)
