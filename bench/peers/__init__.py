"""What bench/peers.py measures beside Pusher, and how."""
