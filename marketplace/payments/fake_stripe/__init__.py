"""A stateful stand-in for Stripe behind the official client's own HTTP interface.

`client.FakeHTTPClient` takes the place of the network: everything above it (`stripe.StripeClient`, its types and
errors, `gateway.py`) is what production runs. Requests are checked against the client's own typed parameters, state
survives across processes (`database.py`), money moves inside one exclusive transaction, and what this stand-in does
not model it refuses by name instead of ignoring it. Deliberately simpler than Stripe: all money is available at once,
and there are card payments only.
"""
