from django.db import migrations, models
from django.db.models import OuterRef, Subquery


def fill(apps, editor):
    """Write what waits, for the cases that are there already."""
    from tallystick.governance.tables.processes import PROCESSES
    from tallystick.service.registry.store import QUIET

    case, concern = apps.get_model("registry", "Case"), apps.get_model("registry", "Concern")
    of_case = case.objects.filter(pk=OuterRef("case_id"))
    concern.objects.update(state=Subquery(of_case.values("state")[:1]))
    for process in PROCESSES.values():
        if process.name not in QUIET:
            open_ = concern.objects.filter(process=process.name, case__is_declared=False)
            open_.exclude(state__in=process.ends).update(
                waits_since=Subquery(of_case.values("changed_at")[:1])
            )


class Migration(migrations.Migration):
    dependencies = [("registry", "0001_initial")]

    operations = [
        migrations.AddField(
            "concern",
            "state",
            models.CharField(blank=True, max_length=40, default=""),
            preserve_default=False,
        ),
        migrations.AddField("concern", "waits_since", models.DateTimeField(null=True)),
        migrations.AddIndex(
            "concern",
            models.Index(
                fields=["organisation", "-waits_since", "-case", "process", "state"],
                condition=models.Q(waits_since__isnull=False),
                name="concern_waiting",
            ),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop, elidable=True),
    ]
