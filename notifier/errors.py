"""Every error that notifier raises on purpose.

NotifierError
  UserError                the person can fix it; message id and values become the reply in the chat
    BadQuery               a word of a wish that cannot be read
      AmbiguousPlace       a word that may be several places; the reply asks which
    BadOption              an option of a command or setting that cannot be read
    NotSubscribed          a subscription number that this chat does not have
  SourceError              this source failed this time; the others go on
    SourceUnreachable      no usable answer came; `retry_after` when the server named a time
      SourceResting        nobody was asked: the host wants to be left alone for `retry_after`
    SourceRefused          we do not read this address (private network, scheme, too large)
  OperatorError            the operator can fix it; printed as one line, exit status 1 or 2
    DatabaseInUse          another notifier owns this database
    SchemaTooNew           a newer notifier wrote this database
  StaleWishes              wishes changed between matching and recording; collect matches again
"""

from collections.abc import Sequence
from datetime import timedelta


class NotifierError(Exception):
    """The root of the tree."""


class UserError(NotifierError):
    """What a person asked cannot be done, and the reply says what can.

    message_id  an id of the catalogue (`domain/texts`)
    values      what the text names; from people or lists, so cleaned when composed
    """

    def __init__(self, message_id: str, **values: object) -> None:
        super().__init__(message_id, values)
        self.message_id = message_id
        self.values = values


class BadQuery(UserError):
    """A word of a query that no filter understands."""


class AmbiguousPlace(BadQuery):
    """A word that may mean several places.

    choices  (label for people, words that mean this one only), two to four
    """

    def __init__(self, word: str, choices: Sequence[tuple[str, str]]) -> None:
        self.word = word
        self.choices = choices
        listed = " · ".join(f'{label}: "{words}"' for label, words in choices)
        super().__init__("query-which-place", word=word, choices=listed, example=choices[-1][1])


class BadOption(UserError):
    """An option of a command that cannot be read."""


class NotSubscribed(UserError):
    """No subscription of this chat has that number."""


class SourceError(NotifierError):
    """This source failed this time; the others go on."""


class SourceUnreachable(SourceError):
    """No usable answer came.

    status  what the server answered, 0 when it did not
    """

    def __init__(self, reason: str, *, retry_after: timedelta | None = None, status: int = 0) -> None:
        super().__init__(reason)
        self.retry_after = retry_after
        self.status = status


class SourceResting(SourceUnreachable):
    """Nobody was asked, since the host wants to be left alone; no failure of this source."""

    def __init__(self, reason: str, *, retry_after: timedelta) -> None:
        super().__init__(reason, retry_after=retry_after)
        self.wait = retry_after


class SourceRefused(SourceError):
    """The address or the answer is one that notifier does not read."""


class OperatorError(NotifierError):
    """The operator can fix it; the message is one line that says how."""


class DatabaseInUse(OperatorError):
    """Another notifier process owns this database."""


class SchemaTooNew(OperatorError):
    """The database was written by a newer notifier."""


class StaleWishes(NotifierError):
    """Subscriptions changed between matching and recording; match again."""
