"""Ways out: one file for each channel, all of them named in `channels`."""

from aggregator.deliver.base import Channel
from aggregator.settings import Settings


def channels(settings: Settings) -> dict[str, Channel]:
    """Every channel by its name, with the settings of this installation."""
    # Imported here: each brings a library that only senders need.
    from aggregator.deliver.elsewhere import Apprise
    from aggregator.deliver.mail import Email
    from aggregator.deliver.slack import Slack
    from aggregator.deliver.webhook import Webhook

    made: tuple[Channel, ...] = (
        Email.of(settings),
        Slack.of(settings),
        Webhook.of(settings),
        Apprise.of(settings),
    )
    return {channel.name: channel for channel in made}
