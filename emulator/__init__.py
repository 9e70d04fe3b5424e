"""Local emulation of the systems that alumni-bridge stands between: Salesforce and a career-services system."""
