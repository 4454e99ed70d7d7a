"""The durable queue to the hub: what an officer has sent stays here until the hub's receipt for it is verified and stored."""
