"""The session holder: the process that owns Chromium, its egress and the lease's clock."""
