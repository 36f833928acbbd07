"""Slack: a letter becomes a message in a channel, and the rest of it the message's thread."""

from aggregator.deliver.slack.channel import Slack

__all__ = ["Slack"]
