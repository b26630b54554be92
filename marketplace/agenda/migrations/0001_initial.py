import django.db.models.deletion
import marketplace.agenda.models
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('shops', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='ShopCalendar',
            fields=[
                ('due_at', models.DateTimeField(blank=True, db_index=True, null=True)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('lease_until', models.DateTimeField(blank=True, null=True)),
                ('lease_token', models.CharField(blank=True, default='', max_length=32)),
                ('parked_at', models.DateTimeField(blank=True, null=True)),
                ('last_error', models.CharField(blank=True, default='', max_length=2000)),
                ('shop', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='calendar', serialize=False, to='shops.shop')),
                ('address', models.URLField(max_length=500)),
                ('etag', models.CharField(blank=True, max_length=200)),
                ('read_at', models.DateTimeField(blank=True, help_text='When it was last read to its end.', null=True)),
                ('tried_at', models.DateTimeField(blank=True, null=True)),
                ('found', models.PositiveIntegerField(default=0, help_text='Events that it gave.')),
                ('refused_count', models.PositiveIntegerField(default=0)),
                ('refused', models.JSONField(blank=True, default=list)),
                ('cut', models.CharField(blank=True, help_text='Code of why not all of it was taken.', max_length=20)),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='Event',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('title', models.CharField(max_length=200)),
                ('place', models.CharField(blank=True, help_text='Empty: in the shop.', max_length=200)),
                ('begins', models.DateTimeField()),
                ('ends', models.DateTimeField()),
                ('all_day', models.BooleanField(default=False)),
                ('text_fr', models.TextField(blank=True, max_length=5000)),
                ('text_en', models.TextField(blank=True, max_length=5000)),
                ('link', models.URLField(blank=True, max_length=500)),
                ('uid', models.CharField(default=marketplace.agenda.models.new_uid, help_text='The sender’s.', max_length=255)),
                ('source', models.CharField(choices=[('own', 'Written here'), ('calendar', 'From the shop’s calendar')], default='own', max_length=8)),
                ('cancelled', models.BooleanField(default=False)),
                ('changed_at', models.DateTimeField()),
                ('shop', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='events', to='shops.shop')),
            ],
            options={
                'ordering': ['begins', 'pk'],
                'indexes': [models.Index(fields=['shop', 'ends'], name='event_by_shop'), models.Index(fields=['ends', 'begins'], name='event_by_time')],
                'constraints': [models.UniqueConstraint(fields=('shop', 'source', 'uid'), name='event_once'), models.CheckConstraint(condition=models.Q(('ends__gte', models.F('begins'))), name='event_ends_after')],
            },
        ),
    ]
