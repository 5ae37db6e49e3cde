"""Acts of several elements or several looks: sets, searches, dates, menus, sliders, drags."""
