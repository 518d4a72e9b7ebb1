"""How fast training is and what its speed is made of: each part alone, the whole, and a yardstick beside them."""
