"""The Slack bot: slash command, buttons, previews of links and the app's home."""
