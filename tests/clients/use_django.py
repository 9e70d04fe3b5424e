# mypy: ignore-errors
"""django-salesforce: the ORM's reads and writes by SOQL, REST and collections."""

import datetime as dt
import json
import os

import django
from django.conf import settings

found = json.loads(os.environ["EMULATOR"])
settings.configure(
    INSTALLED_APPS=["salesforce"],
    SECRET_KEY="x",
    DATABASES={
        "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"},
        "salesforce": {
            "ENGINE": "salesforce.backend",
            "CONSUMER_KEY": "client",
            "CONSUMER_SECRET": "s3",
            "USER": found["salesforce"]["admin"],
            "PASSWORD": "x",
            "HOST": "https://login.salesforce.com",
        },
    },
    DATABASE_ROUTERS=["salesforce.router.ModelRouter"],
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
)
django.setup()

from django.db.models import Count, Max, Q  # noqa: E402 - after the set-up
from salesforce import models  # noqa: E402 - after the set-up
from salesforce.models import SalesforceModel  # noqa: E402 - after the set-up


class Account(SalesforceModel):
    """Account."""

    Name = models.CharField(max_length=255)

    class Meta(SalesforceModel.Meta):
        """Where it is."""

        app_label = "x"
        db_table = "Account"


class Contact(SalesforceModel):
    """Contact."""

    account = models.ForeignKey(Account, on_delete=models.DO_NOTHING, db_column="AccountId", null=True)
    last_name = models.CharField(max_length=80, db_column="LastName")
    first_name = models.CharField(max_length=40, db_column="FirstName", null=True)
    birthdate = models.DateField(db_column="Birthdate", null=True)
    created = models.DateTimeField(db_column="CreatedDate", sf_read_only=models.READ_ONLY)

    class Meta(SalesforceModel.Meta):
        """Where it is."""

        app_label = "x"
        db_table = "Contact"


people = Contact.objects
one = people.create(last_name="Dj", birthdate=dt.date(1990, 1, 1), account=Account.objects.get(Name="Acme"))
assert people.count() == 6
one.first_name = "Ada"
one.save()
assert people.get(pk=one.pk).first_name == "Ada"
assert people.get(pk=one.pk).created.tzinfo is not None
assert [each.last_name for each in people.filter(account__Name="Acme").order_by("-last_name")[:2]] == ["Person 4", "Person 2"]
assert people.filter(Q(last_name__startswith="P") | Q(last_name="Dj")).exclude(last_name="Person 1").count() == 5
groups = people.values("account__Name").annotate(n=Count("pk")).order_by()
assert {each["account__Name"]: each["n"] for each in groups} == {"Acme": 4, "Beta": 2}
assert people.aggregate(Max("last_name"))["last_name__max"] == "Person 4"
people.bulk_create([Contact(last_name=f"b{at}") for at in range(5)])
assert people.filter(last_name__startswith="b").update(first_name="B") == 5
people.filter(last_name__in=["b1", "b2"]).delete()
one.delete()
assert people.count() == 8
