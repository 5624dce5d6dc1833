"""What duban refuses, and what it finds undone: one family, each error with its wording in two languages.

An error says what was wrong, where, and what to do. It carries its facts as attributes, so that a
host can build a message of its own; the wording stands here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class DubanError(Exception):
    """Anything duban refuses to do, or finds undone."""

    code = "ERR-000"
    en = "something went wrong"
    zh = "出现错误"
    exit_code = 2

    def __init__(self, **facts: object) -> None:
        self.facts = facts
        super().__init__(self.text("en"))

    def text(self, lang: str = "en") -> str:
        """Return the message in *lang* (``en`` or ``zh``)."""
        return (self.zh if lang == "zh" else self.en).format(**self.facts)

    def as_json(self, lang: str = "en") -> dict[str, object]:
        """Return the error as plain data, for ``--json`` and for hosts."""
        facts = {name: _plain(value) for name, value in self.facts.items()}
        return {"error": self.code, "message": self.text(lang), **facts}


def _plain(value: object) -> object:
    if value is None or isinstance(value, (bool, int, str)):
        return value
    return [str(item) for item in value] if isinstance(value, (list, tuple)) else str(value)


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where in a file something stands; lines and columns count from 1."""

    file: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Fault:
    """One mistake in a definition: its code, its place, what is wrong and what to do.

    A *warning* is a rule that can be in force and will not do what its writer hopes for.
    """

    code: str
    place: Place
    en: str
    zh: str
    warning: bool = False

    def text(self, lang: str = "en") -> str:
        """Return the fault as one line, in *lang*."""
        if lang == "zh":
            return f"{self.code} {self.place} {'警告：' if self.warning else ''}{self.zh}"
        return f"{self.code} {self.place} {'warning: ' if self.warning else ''}{self.en}"

    def as_json(self, lang: str = "en") -> dict[str, object]:
        """Return the fault as plain data."""
        return {
            "code": self.code,
            "level": "warning" if self.warning else "fault",
            "file": self.place.file,
            "line": self.place.line,
            "column": self.place.column,
            "message": self.zh if lang == "zh" else self.en,
        }


class InvalidDefinition(DubanError):
    """A definition has faults; all of them are reported together."""

    code = "DEF-000"

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__(faults=self.faults)

    def text(self, lang: str = "en") -> str:
        """Return one line for each fault."""
        return "\n".join(fault.text(lang) for fault in self.faults)

    def as_json(self, lang: str = "en") -> dict[str, object]:
        """Return the faults as plain data."""
        return {"error": self.code, "faults": [fault.as_json(lang) for fault in self.faults]}


# ---- bad input: exit code 2


class BadInput(DubanError):
    """The caller gave something that cannot be understood."""

    code = "INPUT-000"


class BadText(BadInput):
    """A text holds what no field may hold."""

    code = "INPUT-001"
    en = "{name}: {what} at position {position}; remove it"
    zh = "{name}：第 {position} 个字符处有{what}，请删除"


class BadDate(BadInput):
    """A date or an instant that does not exist, or that lacks what makes it certain."""

    code = "TIME-001"
    en = "{value!r} is not usable as a date or time: {why}; {hint}"
    zh = "“{value}”不能用作日期或时间：{why_zh}；{hint_zh}"

    def __init__(
        self,
        *,
        value: str,
        why: str,
        hint: str,
        why_zh: str = "",
        hint_zh: str = "",
        code: str = "TIME-001",
    ) -> None:
        self.code = code
        super().__init__(
            value=value, why=why, hint=hint, why_zh=why_zh or why, hint_zh=hint_zh or hint
        )


class BadSpan(BadInput):
    """A length of time without a clear unit."""

    code = "TIME-011"
    en = (
        "{value!r} is not a length of time; write a number from 0 to 100000 and one of workdays, "
        "days, months, hours, such as '15 workdays'"
    )
    zh = (
        "“{value}”不是时长；请写 0 到 100000 的数字加单位 workdays、days、months 或 hours，"
        "例如“15 workdays”"
    )


class BadOffset(BadSpan):
    """A place on a ladder that is neither before, on nor after the due instant."""

    code = "TIME-013"
    en = (
        "{value!r} is not a place on a ladder; write 'due', or a length of time and 'before' or "
        "'after', such as '3 workdays before'"
    )
    zh = "“{value}”不是阶梯上的位置；请写“due”，或时长加 before 或 after，例如“3 workdays before”"


class BeyondHorizon(BadInput):
    """A calendar was asked about a date that it does not know."""

    code = "TIME-010"
    en = (
        "calendar {calendar!r} knows the days from {since} to {until}, not {day}; "
        "apply the notice of that year"
    )
    zh = "日历“{calendar}”只知道 {since} 至 {until} 的安排，不含 {day}；请应用该年度的放假通知"


class BadValue(BadInput):
    """A value does not fit its field."""

    code = "INPUT-002"
    en = "field {field!r}: {value!r} is not {expected}"
    zh = "字段“{field}”：“{value}”不是{expected_zh}"


class BadUsage(BadInput):
    """A call or a command line that cannot be carried out as written."""

    code = "CLI-000"
    en = "{what}"
    zh = "{what_zh}"


class NotFound(BadInput):
    """Something named does not exist."""

    code = "FIND-000"
    en = "there is no {kind} {name!r}{hint}"
    zh = "没有{kind_zh}“{name}”{hint_zh}"


class UnknownCase(NotFound):
    """No case has this id."""

    code = "CASE-004"
    en = "there is no case {case!r}; `duban case list` shows those there are"
    zh = "没有编号为“{case}”的事项；可用 duban case list 查看"


class UnknownWorkflow(NotFound):
    """No workflow of this name is published."""

    code = "FIND-001"
    en = "there is no workflow {workflow!r}; published: {known}"
    zh = "没有名为“{workflow}”的流程；已发布：{known}"


class UnknownUnit(NotFound):
    """No unit has this id."""

    code = "FIND-002"
    en = "there is no unit {unit!r} in the organisation{hint}; check the id, or apply the organisation first"
    zh = "组织中没有单位“{unit}”{hint}；请核对编号，或先应用组织文件"


class UnknownCampaign(NotFound):
    """No campaign of this name is published, or several could be meant."""

    code = "FIND-003"
    en = "campaign {campaign!r} cannot be used here: {why}; published: {known}"
    zh = "不能使用专项行动“{campaign}”：{why}；已发布：{known}"


# ---- refused by the rules: exit code 1


class Refused(DubanError):
    """The rules do not allow this now. Refused is an answer, not a failure."""

    code = "RULE-000"
    exit_code = 1


class TransitionRefused(Refused):
    """A trigger may not be fired: carries one reason for each thing that stands in the way."""

    def __init__(self, *, case: str, trigger: str, reasons: Sequence[Reason]) -> None:
        self.case, self.trigger, self.reasons = case, trigger, tuple(reasons)
        self.code = self.reasons[0].code if self.reasons else "RULE-000"
        super().__init__(case=case, trigger=trigger)

    def text(self, lang: str = "en") -> str:
        """Return the reasons in one line."""
        joined = ("；" if lang == "zh" else "; ").join(r.text(lang) for r in self.reasons)
        return f"{self.case}: {joined}" if lang == "en" else f"{self.case}：{joined}"

    def as_json(self, lang: str = "en") -> dict[str, object]:
        """Return the reasons as plain data."""
        reasons = [reason.as_json(lang) for reason in self.reasons]
        return {"error": self.code, "case": self.case, "trigger": self.trigger, "reasons": reasons}


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a trigger may not be fired: a stable code, a sentence, and the place in the definition."""

    code: str
    en: str
    zh: str
    place: str = ""
    missing: tuple[str, ...] = ()

    def text(self, lang: str = "en") -> str:
        """Return the sentence in *lang*, with the place of the rule."""
        sentence = self.zh if lang == "zh" else self.en
        return f"{sentence} [{self.code}{' ' + self.place if self.place else ''}]"

    def as_json(self, lang: str = "en") -> dict[str, object]:
        """Return the reason as plain data."""
        sentence = self.zh if lang == "zh" else self.en
        return {
            "code": self.code,
            "message": sentence,
            "place": self.place,
            "missing": list(self.missing),
        }


class StaleCase(Refused):
    """Somebody else changed the case since the caller looked."""

    code = "CONF-001"
    en = "case {case} changed: it is at version {version}, you had {expected}; read it again and retry"
    zh = "事项 {case} 已被他人更改：现为第 {version} 版，你依据的是第 {expected} 版；请重新读取后再试"


class Overtaken(StaleCase):
    """Another transaction was faster with the same case; all of the work may be tried again."""


class KeyReused(Refused):
    """A request key came again with another body."""

    code = "CONF-002"
    en = "request key {key!r} was already used for a different request; use a new key"
    zh = "请求键“{key}”已用于另一个请求；请换一个新键"


class CaseSetAside(Refused):
    """The case was set aside because its rules could not be carried out."""

    code = "CASE-005"
    en = "case {case} was set aside: {why}; mend the cause, then run `duban case retry {case}`"
    zh = "事项 {case} 已被搁置：{why}；排除原因后运行 duban case retry {case}"


class ClockAhead(Refused):
    """A moment later than the store's own clock was asked for."""

    code = "TIME-012"
    en = "{now} lies after the store's clock; only a virtual store can be set ahead"
    zh = "{now} 晚于存储的时钟；只有虚拟时钟的存储才能拨快"


class NestedTransaction(Refused):
    """A plain call inside an open transaction of the same thread would block itself."""

    code = "CONF-003"
    en = "this thread already holds a transaction; use engine.using(connection) inside it"
    zh = "本线程已持有事务；请在其中使用 engine.using(connection)"


class NotImpersonator(Refused):
    """The operating system's user may not act as somebody else."""

    code = "RULE-009"
    en = "user {user!r} may not act as {person!r}; ask the operator for the right `act_as` in duban.toml"
    zh = "用户“{user}”无权以“{person}”的身份操作；请运维人员在 duban.toml 的 act_as 中授权"


class VerificationFailed(Refused):
    """History and cases do not add up; carries every finding, not only the first."""

    code = "INTEG-001"
    en = "verification failed with {count} finding(s): {first}"
    zh = "核验未通过，共 {count} 处：{first}"


# ---- the surroundings: exit code 3


class Unreachable(DubanError):
    """The store or a channel cannot be reached or used."""

    code = "ENV-001"
    en = "{what} cannot be used: {why}; {hint}"
    zh = "无法使用{what}：{why}；{hint}"
    exit_code = 3


class StoreBusy(Unreachable):
    """Another process holds the store for too long."""

    code = "ENV-003"
    en = "the store {store} is locked by another process; retry, or find who holds it"
    zh = "存储 {store} 被其他进程占用；请重试，或查明占用者"


class Contended(StoreBusy):
    """Other transactions stood in the way of this one; all of its work may be tried again."""

    code = "ENV-004"
    en = "the store {store} is contended: other transactions were in the way; retry"
    zh = "存储 {store} 竞争激烈：其他事务占用了同一数据；请重试"


class NotDelivered(DubanError):
    """A channel did not take a notice."""

    code = "SEND-001"
    en = "channel {channel!r} did not take the notice: {why}"
    zh = "渠道“{channel}”未接收通知：{why}"
    exit_code = 3
