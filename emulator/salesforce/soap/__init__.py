"""The SOAP APIs: login and the partner calls that have no REST form, and the Metadata API."""
