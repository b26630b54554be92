import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('shops', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Feed',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('due_at', models.DateTimeField(blank=True, db_index=True, null=True)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('lease_until', models.DateTimeField(blank=True, null=True)),
                ('lease_token', models.CharField(blank=True, default='', max_length=32)),
                ('parked_at', models.DateTimeField(blank=True, null=True)),
                ('last_error', models.CharField(blank=True, default='', max_length=2000)),
                ('name', models.SlugField(help_text='As in `sync NAME`.', max_length=60, unique=True)),
                ('kind', models.CharField(help_text='A key of catalog_sync.adapters.ADAPTERS.', max_length=30)),
                ('lane', models.CharField(choices=[('catalogue', 'Titles, prices and stock'), ('stock', 'Stock alone')], default='catalogue', max_length=10)),
                ('location', models.CharField(help_text='A path below the feeds folder, or an https address.', max_length=500)),
                ('options', models.JSONField(blank=True, default=dict, help_text="The adapter's own, such as the mapping of columns.")),
                ('currency', models.CharField(default='CAD', max_length=3)),
                ('language', models.CharField(default='fr', max_length=3)),
                ('encoding', models.CharField(blank=True, help_text='Declared charset; empty: found out.', max_length=20)),
                ('every_minutes', models.PositiveIntegerField(default=60)),
                ('active', models.BooleanField(default=True)),
                ('sealed_password', models.TextField(blank=True, default='', editable=False)),
                ('cursor', models.CharField(blank=True, help_text='Where the next delta begins; stored once applied.', max_length=500)),
                ('content_hash', models.CharField(blank=True, help_text='Of the file last applied whole.', max_length=64)),
                ('drop_limit', models.PositiveSmallIntegerField(default=20, help_text='More rows than this gone: a person approves.')),
                ('price_jump', models.PositiveSmallIntegerField(default=40, help_text='A price that moves by more is quarantined.')),
                ('price_floor_minor', models.PositiveIntegerField(default=10, help_text='A price below it is quarantined.')),
                ('missing_is_zero', models.BooleanField(default=False, help_text='It lists only what is in stock: an article that a complete list lacks is sold out.')),
                ('shop', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='feeds', to='shops.shop')),
            ],
            options={
                'ordering': ['name'],
            },
        ),
        migrations.CreateModel(
            name='FeedToken',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('label', models.CharField(max_length=60)),
                ('digest', models.CharField(help_text='SHA-256 of the key.', max_length=64, unique=True)),
                ('created_at', models.DateTimeField()),
                ('used_at', models.DateTimeField(null=True)),
                ('revoked_at', models.DateTimeField(null=True)),
                ('created_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('feed', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='tokens', to='catalog_sync.feed')),
            ],
            options={
                'ordering': ['-pk'],
            },
        ),
        migrations.CreateModel(
            name='SyncRun',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('state', models.CharField(choices=[('running', 'Running'), ('done', 'Done'), ('awaiting', 'Awaits approval'), ('failed', 'Failed'), ('rejected', 'Rejected'), ('undone', 'Undone')], default='running', max_length=10)),
                ('started_at', models.DateTimeField()),
                ('alive_at', models.DateTimeField(null=True)),
                ('ended_at', models.DateTimeField(null=True)),
                ('complete', models.BooleanField(default=False, help_text="The sender's file was read to its end and is credible.")),
                ('as_of', models.DateTimeField(null=True)),
                ('read', models.PositiveIntegerField(default=0)),
                ('new', models.PositiveIntegerField(default=0)),
                ('changed', models.PositiveIntegerField(default=0)),
                ('unchanged', models.PositiveIntegerField(default=0)),
                ('gone', models.PositiveIntegerField(default=0)),
                ('refused', models.PositiveIntegerField(default=0)),
                ('quarantined', models.PositiveIntegerField(default=0)),
                ('written', models.PositiveIntegerField(default=0, help_text='Rows of ours that were written.')),
                ('seconds', models.FloatField(default=0)),
                ('notes', models.JSONField(default=list)),
                ('sample', models.JSONField(default=dict)),
                ('content_hash', models.CharField(blank=True, max_length=64)),
                ('approved_at', models.DateTimeField(help_text='Approved then, and waiting to be read again and applied.', null=True)),
                ('pushed', models.BooleanField(default=False, help_text="Of rows that a program pushed, not of the feed's list.")),
                ('undo_asked_at', models.DateTimeField(help_text='Then a person asked for its undoing, which is due.', null=True)),
                ('cursor_before', models.CharField(blank=True, help_text="The feed's cursor when it began.", max_length=500)),
                ('approved_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('feed', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='runs', to='catalog_sync.feed')),
                ('seconded_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('undo_asked_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('undoes', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='undone_by', to='catalog_sync.syncrun')),
            ],
            options={
                'ordering': ['-pk'],
            },
        ),
        migrations.CreateModel(
            name='RecordIssue',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('refused', 'Refused'), ('quarantined', 'Quarantined'), ('question', 'Question'), ('warning', 'Warning')], max_length=12)),
                ('code', models.CharField(max_length=40)),
                ('position', models.CharField(blank=True, help_text='"row 17", "record 3".', max_length=60)),
                ('sku', models.CharField(blank=True, max_length=128)),
                ('value', models.CharField(blank=True, max_length=300)),
                ('text', models.CharField(max_length=500)),
                ('run', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='issues', to='catalog_sync.syncrun')),
            ],
        ),
        migrations.CreateModel(
            name='Push',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('due_at', models.DateTimeField(blank=True, db_index=True, null=True)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('lease_until', models.DateTimeField(blank=True, null=True)),
                ('lease_token', models.CharField(blank=True, default='', max_length=32)),
                ('parked_at', models.DateTimeField(blank=True, null=True)),
                ('last_error', models.CharField(blank=True, default='', max_length=2000)),
                ('key', models.CharField(help_text="The sender's own, once for every push.", max_length=64)),
                ('digest', models.CharField(max_length=64)),
                ('as_of', models.DateTimeField()),
                ('received_at', models.DateTimeField()),
                ('rows', models.JSONField(default=list)),
                ('feed', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='pushes', to='catalog_sync.feed')),
                ('run', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='catalog_sync.syncrun')),
            ],
            options={
                'ordering': ['-pk'],
            },
        ),
        migrations.CreateModel(
            name='JournalPart',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField(help_text='Of the slice, in the order of writing.')),
                ('rows', models.PositiveIntegerField()),
                ('body', models.BinaryField()),
                ('run', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='journal', to='catalog_sync.syncrun')),
            ],
            options={
                'ordering': ['run', 'number'],
            },
        ),
        migrations.CreateModel(
            name='SourceRecord',
            fields=[
                ('pk', models.CompositePrimaryKey('feed_id', 'sku', blank=True, editable=False, primary_key=True, serialize=False)),
                ('sku', models.CharField(max_length=128)),
                ('product_id', models.BigIntegerField(db_index=True, help_text='The match; null: a question for a person.', null=True)),
                ('gtin', models.BigIntegerField(null=True)),
                ('title', models.CharField(max_length=300)),
                ('price_minor', models.BigIntegerField(null=True)),
                ('currency', models.CharField(max_length=3)),
                ('price_kind', models.CharField(max_length=12)),
                ('quantity', models.IntegerField(null=True)),
                ('availability', models.CharField(max_length=24)),
                ('condition', models.CharField(max_length=12)),
                ('offer_hash', models.BigIntegerField(help_text='Of price, quantity, availability, condition and their like.')),
                ('facts_hash', models.BigIntegerField(help_text='Of title and facts.')),
                ('facts', models.JSONField(default=dict)),
                ('as_of', models.DateTimeField(null=True)),
                ('changed_run_id', models.BigIntegerField(null=True)),
                ('missed', models.PositiveSmallIntegerField(default=0, help_text='Complete lists in a row that lacked it.')),
                ('retired_at', models.DateTimeField(null=True)),
                ('feed', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='catalog_sync.feed')),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('price_kind', 'fixed')), fields=['product_id'], name='record_fixed_price')],
            },
        ),
        migrations.AddConstraint(
            model_name='syncrun',
            constraint=models.UniqueConstraint(condition=models.Q(('state', 'running')), fields=('feed',), name='run_one_at_a_time'),
        ),
        migrations.AddConstraint(
            model_name='push',
            constraint=models.UniqueConstraint(fields=('feed', 'key'), name='push_key_once'),
        ),
        migrations.AddConstraint(
            model_name='journalpart',
            constraint=models.UniqueConstraint(fields=('run', 'number'), name='journal_part_once'),
        ),
    ]
