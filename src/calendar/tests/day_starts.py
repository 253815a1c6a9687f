"""Writes day_starts.csv: for zones with odd clock changes, the days around each change and the first instant of each,
found by walking through UTC minute by minute (python3, zoneinfo; only the direction from UTC to local time is used)."""
import sys
from datetime import date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

ZONES = """America/Sao_Paulo America/St_Johns America/Havana America/Asuncion America/Caracas Europe/Berlin Asia/Beirut
Asia/Tehran Asia/Pyongyang Africa/Cairo Australia/Lord_Howe Pacific/Apia Pacific/Chatham Pacific/Kwajalein""".split()
UTC = timezone.utc


def first_instant(zone, day):
    t = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=16)
    while t.astimezone(zone).date() < day:
        t += timedelta(minutes=1)
    return int(t.timestamp())


print("zone,date,start")
for name in ZONES:
    zone = ZoneInfo(name)
    years = (1993, 1993) if name == "Pacific/Kwajalein" else (2004, 2014)
    day, last, offset, days = date(years[0], 1, 1), date(years[1], 12, 31), None, set()
    while day <= last:
        now = datetime(day.year, day.month, day.day, 12, tzinfo=UTC).astimezone(zone).utcoffset()
        if offset is not None and now != offset:
            days.update(day + timedelta(days=n) for n in (-1, 0, 1, 2))
        offset, day = now, day + timedelta(days=1)
    for day in sorted(days):
        print(f"{name},{day},{first_instant(zone, day)}")
