# mypy: ignore-errors
"""pyforce (of the beatbox family): SOAP login and every call that it has, at API version 21.0.

Its own default is 20.0, which the platform has retired.
"""

import datetime as dt
import json
import os

import pyforce

found = json.loads(os.environ["EMULATOR"])
sf = pyforce.PythonClient(serverUrl="https://login.salesforce.com/services/Soap/u/21.0")
sf.login(found["salesforce"]["admin"], "x")
assert "Contact" in sf.describeGlobal()["types"]
assert sf.describeSObjects("Contact")[0].fields["Birthdate"].type == "date"
made = sf.create({"type": "Contact", "LastName": "New", "Ext__c": "new", "Birthdate": dt.date(1990, 1, 2)})[0]["id"]
sf.update({"type": "Contact", "Id": made, "FirstName": "Ada", "Title": None})
assert sf.upsert("Ext__c", {"type": "Contact", "Ext__c": "new", "Title": "Dr"})[0]["created"] is False
kept = sf.retrieve("FirstName,Title,Birthdate", "Contact", [made])[0]
assert (kept["FirstName"], kept["Title"], kept["Birthdate"]) == ("Ada", "Dr", dt.date(1990, 1, 2))
answer = sf.query("SELECT Id, LastName, Account.Name FROM Contact WHERE AccountId != null ORDER BY LastName")
assert (answer.size, answer[0]["Account"]["Name"]) == (5, "Acme")
assert sf.search("FIND {Person} IN ALL FIELDS RETURNING Contact(Id,LastName)")[0]["LastName"] == "Person 0"
now = dt.datetime.utcnow()  # noqa: DTZ003, TID251 - as the client wants it
window = (now - dt.timedelta(minutes=9), now + dt.timedelta(minutes=2))
assert made in sf.getUpdated("Contact", *window)
assert sf.delete(made)[0]["success"] is True
assert [each["id"] for each in sf.getDeleted("Contact", *window)] == [made]
for _ in range(5):
    sf.create([{"type": "Contact", "LastName": f"P{at}"} for at in range(150)])
answer, count = sf.query("SELECT Id FROM Contact"), 0
while True:
    count += len(answer)
    if answer.done:
        break
    answer = sf.queryMore(answer.queryLocator)
assert count == 755
assert sf.getUserInfo()["userId"] == found["admin_id"]
sf.logout()
try:
    sf.query("SELECT Id FROM Contact")
except pyforce.SessionTimeoutError:
    pass
else:
    raise AssertionError("the session should have ended")
