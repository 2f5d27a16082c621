"""`sipas alerts`: what there is to be told now, and a test message. Dagster's sensors tell by themselves."""

from __future__ import annotations

import dagster as dg

from assets.workspace import Workspace
from pipelines.alerts.conditions import Alert
from pipelines.alerts.looks import looks_of
from pipelines.alerts.targets import NotSent, targets_of
from pipelines.cli.tables import say
from pipelines.definitions import JOB
from pipelines.instance import dagster_home
from pipelines.settings import load_settings
from quality.contract import Bilingual

TEST = Alert(
    "test",
    "test",
    Bilingual(vi="Tin thử: cảnh báo của kho dữ liệu đến được đây", en="A test: alerts of the warehouse arrive"),
)


def list_alerts(workspace: Workspace) -> bool:
    """Print every alert there is now, whoever was told before. Raises SettingsError for settings that cannot be used."""
    settings = load_settings(workspace)
    with dg.DagsterInstance.from_config(str(dagster_home(workspace))) as instance:
        looks = looks_of(workspace, settings, JOB).values()
        alerts = [alert for look in looks for alert in look(instance)]
    for alert in alerts:
        say(f"{alert.kind}: {alert.message.en}", "yellow")
        say(f"  {alert.message.vi}", "dim")
    if not alerts:
        say("There is nothing to be told. (Không có gì cần báo.)", "green")
    return True


def send_test(workspace: Workspace) -> bool:
    """Send everybody a test message; return whether there is somebody and all were reached. Raises SettingsError."""
    settings = load_settings(workspace)
    targets = targets_of(settings.alerts)
    if not targets:
        say("Nobody to tell: set alerts.email or alerts.webhooks in sipas.yml (chưa khai báo người nhận)", "red")
    reached = 0
    for target in targets:
        try:
            target.send(settings.title.en, [TEST], settings.languages)
        except NotSent as reason:
            say(f"Not sent: {reason} (không gửi được; kiểm tra alerts trong sipas.yml và biến môi trường)", "red")
        else:
            reached += 1
            say(f"Sent: {target.name}", "green")
    return bool(targets) and reached == len(targets)
