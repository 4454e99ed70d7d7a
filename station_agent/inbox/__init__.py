"""The durable inbox: every delivery is verified here, stored with its files and the cursor in one transaction, then signed for."""
