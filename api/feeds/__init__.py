"""What happens in runs, passed on to any number of readers."""

from api.feeds.feeds import Feeds

__all__ = ["Feeds"]
