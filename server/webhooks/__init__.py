"""Webhooks: told when runs and sweeps are over. Signed as the Standard Webhooks specification says, and sent
again until they are taken.
"""
