"""What the bridge needs inside Salesforce, and what brings it there.

``force-app`` is the package in SFDX source format. The modules read it (``source``), write the two permission sets from
a mapping (``permissions``), turn it into a Metadata API zip (``archive``) and deploy that zip over REST (``deploy``).
Nothing here edits a Contact, ships a Contact or Task layout, a profile, Apex or a flow.
"""
