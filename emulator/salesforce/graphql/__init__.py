"""GraphQL over the UI API: queries of records and the mutations that create, update and delete them."""
