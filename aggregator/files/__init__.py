"""Files in and out: imports of any size, exports, lists of feeds, backup and restore."""
