"""The commands, a file each; what they print goes through `console`."""
