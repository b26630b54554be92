import django.core.validators
import django.db.models.deletion
import marketplace.foundation.append_only
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('marketplace', '__first__'),
        ('shops', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='SharedEntry',
            fields=[
                ('cache_key', models.CharField(max_length=255, primary_key=True, serialize=False)),
                ('value', models.TextField()),
                ('expires', models.DateTimeField(db_index=True)),
            ],
        ),
        migrations.CreateModel(
            name='AuditEnd',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('place', models.PositiveBigIntegerField(default=0)),
                ('digest', models.CharField(blank=True, max_length=64)),
                ('looked_from', models.BigIntegerField(default=0, help_text='Every entry up to this number has its place.')),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('pk', 1)), name='audit_end_is_one_row')],
            },
        ),
        migrations.CreateModel(
            name='AuditEntry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(db_index=True)),
                ('actor_label', models.CharField(help_text='Who it was then, also after the account is gone.', max_length=200)),
                ('action', models.CharField(help_text='noun.verb, as in shop_order.accept', max_length=60)),
                ('subject_type', models.CharField(max_length=60)),
                ('subject_id', models.CharField(max_length=60)),
                ('reason', models.CharField(blank=True, max_length=500)),
                ('facts', models.JSONField(blank=True, default=dict)),
                ('name_salt', models.CharField(editable=False, max_length=32)),
                ('name_digest', models.CharField(editable=False, help_text="Of the actor's label.", max_length=64)),
                ('words_salt', models.CharField(editable=False, max_length=32)),
                ('words_digest', models.CharField(editable=False, help_text='Of reason and facts.', max_length=64)),
                ('actor', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('shop', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='shops.shop')),
            ],
            options={
                'verbose_name_plural': 'audit entries',
                'indexes': [models.Index(fields=['subject_type', 'subject_id'], name='audit_subject')],
                'constraints': [marketplace.foundation.append_only.AppendOnly(erased={'actor_label': '(erased)', 'facts': '{}', 'name_salt': '', 'reason': '', 'words_salt': ''}, name='audit_entry_stays')],
            },
        ),
        migrations.CreateModel(
            name='AuditLink',
            fields=[
                ('place', models.PositiveBigIntegerField(primary_key=True, serialize=False)),
                ('digest', models.CharField(help_text='Of the link before and this entry, SHA-256 in hexadecimals.', max_length=64)),
                ('at', models.DateTimeField(db_index=True)),
                ('entry', models.OneToOneField(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='link', to='foundation.auditentry')),
            ],
            options={
                'constraints': [marketplace.foundation.append_only.AppendOnly(name='audit_link_stays')],
            },
        ),
        migrations.CreateModel(
            name='AuditRoot',
            fields=[
                ('day', models.DateField(primary_key=True, serialize=False)),
                ('place', models.PositiveBigIntegerField()),
                ('digest', models.CharField(max_length=64)),
                ('made_at', models.DateTimeField()),
            ],
            options={
                'constraints': [marketplace.foundation.append_only.AppendOnly(name='audit_root_stays')],
            },
        ),
        migrations.CreateModel(
            name='MailMessage',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('due_at', models.DateTimeField(blank=True, db_index=True, null=True)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('lease_until', models.DateTimeField(blank=True, null=True)),
                ('lease_token', models.CharField(blank=True, default='', max_length=32)),
                ('parked_at', models.DateTimeField(blank=True, null=True)),
                ('last_error', models.CharField(blank=True, default='', max_length=2000)),
                ('dedupe_key', models.CharField(max_length=200, unique=True)),
                ('to', models.EmailField(max_length=254)),
                ('language', models.CharField(max_length=2)),
                ('kind', models.CharField(help_text="The template's name.", max_length=60)),
                ('about', models.CharField(blank=True, help_text='Of what it is written when it is sent; else empty.', max_length=60)),
                ('subject', models.CharField(blank=True, max_length=200)),
                ('text', models.TextField(blank=True)),
                ('html', models.TextField(blank=True)),
                ('reply_to', models.EmailField(blank=True, max_length=254)),
                ('unsubscribe_url', models.URLField(blank=True, help_text='What ends mails of this kind (RFC 8058).', max_length=300)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('wanted_at', models.DateTimeField(blank=True, help_text='When it was to leave: as it was written, or after quiet hours.', null=True)),
                ('sent_at', models.DateTimeField(blank=True, null=True)),
                ('shop', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='shops.shop')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='Network',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(default='Halles', max_length=80)),
                ('tagline_fr', models.CharField(blank=True, max_length=160)),
                ('tagline_en', models.CharField(blank=True, max_length=160)),
                ('logo', models.ImageField(blank=True, upload_to='network/')),
                ('colour', models.CharField(default='#0d6b4c', max_length=7, validators=[django.core.validators.RegexValidator('^#[0-9a-fA-F]{6}$', 'A colour is written #rrggbb.')], verbose_name='Main colour, light')),
                ('colour_dark', models.CharField(default='#5cc79c', max_length=7, validators=[django.core.validators.RegexValidator('^#[0-9a-fA-F]{6}$', 'A colour is written #rrggbb.')], verbose_name='Main colour, dark')),
                ('country', models.CharField(default='CA', max_length=2)),
                ('currency', models.CharField(default='CAD', max_length=3)),
                ('default_language', models.CharField(choices=[('fr', 'Français'), ('en', 'English')], default='fr', max_length=2)),
                ('languages', models.JSONField(blank=True, default=list, help_text='For example ["fr", "en"]; empty means all.')),
                ('sender_name', models.CharField(blank=True, max_length=80)),
                ('sender_email', models.EmailField(default='bonjour@halles.example.org', max_length=254)),
                ('legal_name', models.CharField(blank=True, max_length=160, verbose_name='Who runs it')),
                ('legal_address', models.TextField(blank=True)),
                ('bank_details', models.TextField(blank=True, help_text='Where invoices are paid to, as it is printed on them.')),
                ('terms_fr', models.TextField(blank=True)),
                ('terms_en', models.TextField(blank=True)),
                ('privacy_fr', models.TextField(blank=True)),
                ('privacy_en', models.TextField(blank=True)),
                ('shop_agreement_fr', models.TextField(blank=True)),
                ('shop_agreement_en', models.TextField(blank=True)),
                ('shop_agreement_changed_at', models.DateTimeField(blank=True, null=True)),
                ('commission_basis_points', models.PositiveIntegerField(default=800, validators=[django.core.validators.MaxValueValidator(5000)])),
                ('transfer_delay_days', models.PositiveSmallIntegerField(default=7)),
                ('tile_address', models.CharField(blank=True, max_length=300, validators=[django.core.validators.RegexValidator('^https://[a-z0-9.-]+(:[0-9]+)?/(?=\\S*\\{z\\})(?=\\S*\\{x\\})(?=\\S*\\{y\\})\\S+$', 'Write an https address with {z}, {x} and {y}, as in https://tiles.example.org/{z}/{x}/{y}.png.')])),
                ('tile_attribution', models.CharField(blank=True, max_length=200)),
                ('distributor_name', models.CharField(blank=True, max_length=80)),
                ('distributor_address', models.CharField(blank=True, max_length=300, validators=[django.core.validators.RegexValidator('^https://[a-z0-9.-]+(:[0-9]+)?/(?=\\S*\\{(?:query|isbn)\\})[^\\s{}]*(?:\\{(?:query|isbn)\\}[^\\s{}]*)+$', 'Write an https address with {query} or {isbn}, as in https://catalogue.example.org/search?q={query}.')])),
                ('new_shop_days', models.PositiveSmallIntegerField(default=30, verbose_name='Days for which a shop is new')),
                ('answer_within_hours', models.PositiveSmallIntegerField(default=48, verbose_name='Hours a shop has to answer')),
                ('shop_sight_days', models.PositiveSmallIntegerField(default=60, validators=[django.core.validators.MinValueValidator(14)], verbose_name='Days for which a shop still sees whose order it was')),
                ('reroute_borne_by', models.CharField(choices=[('nobody', 'Nobody: then it is given back'), ('shop', 'The shop that could not'), ('network', 'The network')], default='nobody', max_length=8, verbose_name='Who bears it when another shop is dearer')),
                ('reroute_most_minor', models.PositiveIntegerField(default=500, help_text="The most that is borne for one shop's part, in minor units.")),
                ('handover_fee_minor', models.PositiveIntegerField(default=0, help_text='Of the shop that sold it, in minor units; as it is when it is sold.', verbose_name='What a shop gets for a parcel that it hands over for another')),
                ('parcel_missing_days', models.PositiveSmallIntegerField(default=10, verbose_name='Days after which a parcel that did not arrive at the other shop is missing')),
                ('publishes_audit_roots', models.BooleanField(default=False, help_text='A digest a day, of which nothing can be read: whoever kept it can tell that nothing was changed.', verbose_name="Publish the audit trail's end of each day")),
                ('refund_two_above_minor', models.PositiveIntegerField(default=0, help_text='What an operator gives back of an order above this, another one approves. 0: no limit.')),
                ('tax_included', models.BooleanField(default=False, verbose_name='Prices include tax')),
                ('tax_registered', models.BooleanField(default=True)),
                ('tax_number', models.CharField(blank=True, help_text='Of GST/HST, or of VAT.', max_length=20)),
                ('qst_number', models.CharField(blank=True, help_text='In Quebec.', max_length=16)),
            ],
            options={
                'verbose_name': 'network',
                'constraints': [models.CheckConstraint(condition=models.Q(('pk', 1)), name='network_is_one_row')],
            },
        ),
        migrations.CreateModel(
            name='OperatorRoles',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('roles', models.JSONField(default=list, help_text='["catalogue", "money"]')),
                ('user', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='operator_roles', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='Postcode',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('country', models.CharField(max_length=2)),
                ('code', models.CharField(help_text='Capitals and digits alone: H2Y1B5.', max_length=12)),
                ('latitude', models.FloatField()),
                ('longitude', models.FloatField()),
                ('town', models.CharField(blank=True, max_length=80)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('country', 'code'), name='postcode_once')],
            },
        ),
    ]
