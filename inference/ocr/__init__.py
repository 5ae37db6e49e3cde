"""Reading text in images and canvases, where the extra for it is installed."""
