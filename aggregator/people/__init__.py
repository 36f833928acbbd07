"""Who somebody is: sign-up by mail, sign-in, signed links, who owns the installation."""
