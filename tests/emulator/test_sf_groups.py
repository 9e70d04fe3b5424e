"""Groups: subtotals and formatted sums."""

from emulator.salesforce.control import Control
from tests.emulator.api import Api
from tests.emulator.test_sf_soap import call, texts


def test_subtotals(api: Api, control: Control) -> None:
    """ROLLUP adds subtotals and a total, CUBE all combinations; GROUPING tells them from nulls. [D] SOQL guide."""
    people = [("London", "A"), ("London", "B"), ("Paris", "A")]
    control.seed("Contact", [{"LastName": last, "MailingCity": city} for city, last in people])
    soql = "SELECT MailingCity c, LastName l, COUNT(Id) n FROM Contact GROUP BY ROLLUP(MailingCity, LastName)"
    found = {(each["c"], each["l"]): each["n"] for each in api.records(soql)}
    assert found == {
        ("London", "A"): 1,
        ("London", "B"): 1,
        ("Paris", "A"): 1,
        ("London", None): 2,
        ("Paris", None): 1,
        (None, None): 3,
    }
    cube = {(each["c"], each["l"]): each["n"] for each in api.records(soql.replace("ROLLUP", "CUBE"))}
    assert cube == {**found, (None, "A"): 2, (None, "B"): 1}
    marked = "SELECT MailingCity, GROUPING(MailingCity) g, COUNT(Id) n FROM Contact GROUP BY ROLLUP(MailingCity)"
    assert [each["g"] for each in api.records(marked + " ORDER BY GROUPING(MailingCity), MailingCity")] == [0, 0, 1]


def test_what_is_summed_up_can_be_formatted(api: Api, control: Control) -> None:
    """FORMAT() prints aggregates, too, with an alias or as expr0. [D] SOQL guide; the forms: [U]."""
    control.seed("Account", [{"Name": "Acme", "AnnualRevenue": 10}, {"Name": "Beta", "AnnualRevenue": 30}])
    control.seed(
        "Contact", [{"LastName": last, "MailingCity": city} for last, city in (("A", "Rome"), ("B", "Rome"), ("C", "Oslo"))]
    )
    soql = "SELECT FORMAT(MIN(CreatedDate)) first, FORMAT(SUM(AnnualRevenue)), FORMAT(COUNT(Id)) FROM Account"
    row = api.records(soql)[0]
    assert row == {"first": "11/2/2026, 4:00 AM", "expr0": "$40", "expr1": "2"}
    grouped = "SELECT MailingCity, FORMAT(MAX(CreatedDate)) last FROM Contact GROUP BY MailingCity HAVING COUNT(Id) > 1"
    assert [each["MailingCity"] for each in api.records(grouped)] == ["Rome"]


def test_groups_have_to_be_one_page(api: Api, control: Control) -> None:
    """An aggregate query of more groups than a page has is refused, in SOAP beyond 500. [I] OrgCheck#46, #603; [C] Magento."""
    control.seed("Contact", [{"LastName": f"P{at}"} for at in range(2_001)])
    soql = "SELECT LastName, COUNT(Id) FROM Contact GROUP BY LastName"
    text = "Aggregate query does not support queryMore(), use LIMIT to restrict the results to a single batch"
    assert api.query(soql) == [{"message": text, "errorCode": "EXCEEDED_ID_LIMIT"}]
    answer = api.query(f"{soql} LIMIT 2000")
    assert (answer["done"], len(answer["records"])) == (True, 2_000)
    for limit, found in ((501, ["EXCEEDED_ID_LIMIT"]), (500, [])):
        query = f"<query><queryString>{soql} LIMIT {limit}</queryString></query>"
        assert texts(call(control.org, query, token=api.token), "exceptionCode") == found
