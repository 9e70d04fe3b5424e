"""An emulated Salesforce organisation: REST, Bulk, Metadata, SOAP login and OAuth over one state object."""
