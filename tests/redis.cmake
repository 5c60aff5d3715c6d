# ephemint::redis. Those that need a store start a redis-server of their own, and skip where there is none.
