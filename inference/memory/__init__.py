"""What worked before: locators learned from checked acts, and their replay."""
