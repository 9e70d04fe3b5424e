"""The CRM side: one Salesforce org behind the port `CrmSide`."""
