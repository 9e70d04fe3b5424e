"""alumni-bridge: Alumni Relations owns the contact record, career services ask, and the asks arrive as work in the CRM."""
