"""What anybody may see: the registers, the privacy notices, how to ask for one's data, and whether the service is well."""
