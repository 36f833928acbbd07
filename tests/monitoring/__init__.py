"""The dashboard and the alert rules of docs/monitoring."""
