"""What is well and what is not, of this machine and of the home folder; and mending what can be mended."""
