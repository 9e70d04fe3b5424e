"""Which Salesforce objects the bridge knows: what it can write (a closed set without Contact) and which fields it reads.

The names are those of ``crm_package``; a field that the org does not show is found by describe and named, never read as empty.
"""

from __future__ import annotations

from enum import StrEnum

from connector.ports import Feed

API_VERSION = "67.0"


class Writable(StrEnum):
    """Every object that the client can insert or update. There is no Contact here, so there is no way to write one."""

    PROFILE = "Career_Profile__c"
    SUGGESTION = "Suggested_Change__c"
    REVIEW = "Identity_Review__c"
    REQUEST = "Career_Request__c"
    STATUS = "Bridge_Status__c"
    TASK = "Task"


KEY = "Key__c"
OWN_FEEDS = (Feed.PROFILE, Feed.SUGGESTION, Feed.REVIEW, Feed.REQUEST)

_SYSTEM = ("Id", "SystemModstamp", "IsDeleted")
_MINE = (*_SYSTEM, "Name", "CreatedDate", "CreatedById", "LastModifiedDate", "LastModifiedById", KEY)

CONTACT_SYSTEM = (*_SYSTEM, "MasterRecordId", "LastModifiedDate", "LastModifiedById")

FIELDS: dict[Feed, tuple[str, ...]] = {
    Feed.PROFILE: (
        *_MINE,
        "Contact__c",
        "System__c",
        "Account_Id__c",
        "Link_State__c",
        "Link_Basis__c",
        "Primary__c",
        "Interests__c",
        "Industries__c",
        "Mentor_Availability__c",
        "Mentor_Capacity__c",
        "Outcome__c",
        "Outcome_As_Of__c",
        "Opt_Out_Mentoring__c",
        "Opt_Out_Career_Asks__c",
        "Opt_Out_Events__c",
        "Opt_Out_Surveys__c",
        "Opt_Out_All__c",
    ),
    Feed.SUGGESTION: (
        *_MINE,
        "Contact__c",
        "Career_Profile__c",
        "Kind__c",
        "Group__c",
        "Field__c",
        "Field_Label__c",
        "Before__c",
        "Now__c",
        "Suggested__c",
        "Suggested_Values__c",
        "Who__c",
        "Changed_At__c",
        "Changed_Between__c",
        "By_The_Person__c",
        "Urgent__c",
        "Episode__c",
        "State__c",
        "Decision__c",
        "Reason__c",
        "Decided_By__c",
        "Decided_At__c",
        "Decision_Note__c",
    ),
    Feed.REVIEW: (
        *_MINE,
        "Kind__c",
        "System__c",
        "Account_Id__c",
        "Person__c",
        "Evidence__c",
        "Candidate_1__c",
        "Candidate_2__c",
        "Candidate_3__c",
        "Decision__c",
        "Chosen_Contact__c",
        "State__c",
        "Reason__c",
    ),
    Feed.REQUEST: (
        *_MINE,
        "System__c",
        "Request_Number__c",
        "Type__c",
        "Direction__c",
        "Title__c",
        "State__c",
        "Neutral__c",
        "Outcome__c",
        "Offered_Count__c",
        "Asked_Count__c",
        "Contact__c",
        "Career_Profile__c",
        "Account_Id__c",
        "Requested_By__c",
        "Unit__c",
        "Need_By__c",
        "Received_At__c",
        "First_Action_Due__c",
        "End_Due__c",
        "Effort_Minutes__c",
        "Criteria__c",
        "Text_For_Alumni__c",
        "Details__c",
        "Named_Ask__c",
        "Clearance__c",
        "Stop_Reason__c",
        "Urgent__c",
    ),
    Feed.TASK: (
        *_SYSTEM,
        "CreatedDate",
        "CreatedById",
        "LastModifiedDate",
        "LastModifiedById",
        "Subject",
        "Status",
        "Priority",
        "ActivityDate",
        "IsClosed",
        "IsArchived",
        "OwnerId",
        "WhatId",
        "WhoId",
        "CompletedDateTime",
    ),
}
"""What is read of each feed but Contact, whose fields the mapping names."""

AUDIT_HEAD = "Audit_Head__c"
"""A column of ``Bridge_Status__c`` that packages of earlier releases do not have."""

STATUS_FIELDS = ("Id", KEY, "Lease_Holder__c", "Lease_Until__c", "Lease_Epoch__c")
