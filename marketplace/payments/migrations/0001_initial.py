import django.core.validators
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('order', '0021_billingaddress_code_shippingaddress_code'),
        ('placing', '0001_initial'),
        ('shops', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='StripeEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('due_at', models.DateTimeField(blank=True, db_index=True, null=True)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('lease_until', models.DateTimeField(blank=True, null=True)),
                ('lease_token', models.CharField(blank=True, default='', max_length=32)),
                ('parked_at', models.DateTimeField(blank=True, null=True)),
                ('last_error', models.CharField(blank=True, default='', max_length=2000)),
                ('event_id', models.CharField(max_length=80, unique=True)),
                ('type', models.CharField(max_length=80)),
                ('object_id', models.CharField(blank=True, max_length=80)),
                ('payload', models.JSONField(default=dict)),
                ('received_at', models.DateTimeField()),
                ('applied_at', models.DateTimeField(null=True)),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='CommissionRule',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('label', models.CharField(max_length=80)),
                ('subject', models.CharField(blank=True, help_text="The beginning of a title's first Thema code.", max_length=20, validators=[django.core.validators.RegexValidator('^[A-Z0-9-]*$', 'Write a Thema code or its beginning, as in FB or YF.')])),
                ('form', models.CharField(blank=True, choices=[('digital', 'Digital'), ('printed', 'Printed'), ('other', 'Anything else')], max_length=8)),
                ('channel', models.CharField(blank=True, choices=[('web', 'The site'), ('widget', 'A widget on another site'), ('referral', "A partner's link"), ('api', 'A program')], max_length=8)),
                ('turnover_minor', models.PositiveBigIntegerField(default=0, help_text='Fits shops that sold at least this much in the calendar month before.')),
                ('basis_points', models.PositiveIntegerField(blank=True, null=True, validators=[django.core.validators.MaxValueValidator(5000)])),
                ('flat_minor', models.PositiveIntegerField(blank=True, help_text='For each unit, instead of a rate.', null=True)),
                ('floor_minor', models.PositiveIntegerField(blank=True, help_text='At least, for each unit.', null=True)),
                ('cap_minor', models.PositiveIntegerField(blank=True, help_text='At most, for each unit.', null=True)),
                ('begins_at', models.DateTimeField()),
                ('ends_at', models.DateTimeField(blank=True, help_text='From then on it fits nothing.', null=True)),
                ('shop', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='shops.shop')),
            ],
            options={
                'ordering': ['-begins_at', '-pk'],
            },
        ),
        migrations.CreateModel(
            name='LedgerEntry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(db_index=True)),
                ('kind', models.CharField(help_text='capture, fee, commission, refund, transfer, reversal, correction', max_length=20)),
                ('debit', models.CharField(db_index=True, max_length=40)),
                ('credit', models.CharField(db_index=True, max_length=40)),
                ('amount_minor', models.PositiveIntegerField()),
                ('currency', models.CharField(max_length=3)),
                ('key', models.CharField(max_length=160, unique=True)),
                ('stripe_id', models.CharField(blank=True, help_text="Stripe's balance transaction, where our balance moved.", max_length=80)),
                ('cause', models.CharField(max_length=200)),
                ('order', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='ledger_entries', to='order.order')),
                ('shop_order', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='ledger_entries', to='shops.shoporder')),
            ],
            options={
                'verbose_name_plural': 'ledger entries',
            },
        ),
        migrations.CreateModel(
            name='LineCommission',
            fields=[
                ('line', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='commission', serialize=False, to='shops.shoporderline')),
                ('basis_points', models.PositiveIntegerField(null=True)),
                ('flat_minor', models.PositiveIntegerField(null=True)),
                ('amount_minor', models.PositiveIntegerField()),
                ('rule', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='lines', to='payments.commissionrule')),
            ],
        ),
        migrations.CreateModel(
            name='Payment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('due_at', models.DateTimeField(blank=True, db_index=True, null=True)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('lease_until', models.DateTimeField(blank=True, null=True)),
                ('lease_token', models.CharField(blank=True, default='', max_length=32)),
                ('parked_at', models.DateTimeField(blank=True, null=True)),
                ('last_error', models.CharField(blank=True, default='', max_length=2000)),
                ('state', models.CharField(choices=[('new', 'Session not made yet'), ('open', 'The reader is at the payment page'), ('authorised', 'Authorised, not captured'), ('captured', 'Captured'), ('cancelled', 'Given back whole before capture'), ('expired', 'Ended unpaid')], default='new', max_length=12)),
                ('currency', models.CharField(max_length=3)),
                ('amount_minor', models.PositiveIntegerField(help_text="Authorised: the checkout's total.")),
                ('captured_minor', models.PositiveIntegerField(default=0)),
                ('refunded_minor', models.PositiveIntegerField(default=0)),
                ('settled_units', models.PositiveIntegerField(default=0, help_text='Declined units whose money is given back or never taken.')),
                ('session_id', models.CharField(blank=True, db_index=True, max_length=80)),
                ('session_url', models.URLField(blank=True, max_length=800)),
                ('intent_id', models.CharField(blank=True, db_index=True, max_length=80)),
                ('charge_id', models.CharField(blank=True, max_length=80)),
                ('capture_before', models.DateTimeField(null=True)),
                ('expires_at', models.DateTimeField(null=True)),
                ('paid_at', models.DateTimeField(null=True)),
                ('checkout', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='payment', to='placing.checkout')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='MoneyCall',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('due_at', models.DateTimeField(blank=True, db_index=True, null=True)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('lease_until', models.DateTimeField(blank=True, null=True)),
                ('lease_token', models.CharField(blank=True, default='', max_length=32)),
                ('parked_at', models.DateTimeField(blank=True, null=True)),
                ('last_error', models.CharField(blank=True, default='', max_length=2000)),
                ('kind', models.CharField(choices=[('capture', 'Capture'), ('cancel', 'Cancel the authorisation'), ('refund', 'Refund'), ('transfer', 'Transfer to a shop'), ('reversal', 'Reversal of a transfer')], max_length=10)),
                ('key', models.CharField(max_length=120, unique=True, verbose_name='Idempotency key')),
                ('key_number', models.PositiveSmallIntegerField(default=0)),
                ('amount_minor', models.PositiveIntegerField()),
                ('currency', models.CharField(max_length=3)),
                ('reason', models.CharField(blank=True, max_length=200)),
                ('stripe_id', models.CharField(blank=True, max_length=80)),
                ('commission_minor', models.PositiveIntegerField(default=0, help_text='Of a transfer: what the network keeps.')),
                ('first_tried_at', models.DateTimeField(null=True)),
                ('done_at', models.DateTimeField(null=True)),
                ('shop_order', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='money_calls', to='shops.shoporder')),
                ('payment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='calls', to='payments.payment')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.AddConstraint(
            model_name='commissionrule',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('basis_points', None), ('flat_minor__isnull', False)), models.Q(('basis_points__isnull', False), ('flat_minor', None)), _connector='OR'), name='commission_rate_or_flat'),
        ),
        migrations.AddConstraint(
            model_name='commissionrule',
            constraint=models.CheckConstraint(condition=models.Q(('floor_minor', None), ('cap_minor', None), ('floor_minor__lte', models.F('cap_minor')), _connector='OR'), name='commission_floor_below_cap'),
        ),
        migrations.AddConstraint(
            model_name='ledgerentry',
            constraint=models.CheckConstraint(condition=models.Q(('amount_minor__gt', 0)), name='ledger_amount_positive'),
        ),
        migrations.AddConstraint(
            model_name='ledgerentry',
            constraint=models.CheckConstraint(condition=models.Q(('debit', models.F('credit')), _negated=True), name='ledger_two_accounts'),
        ),
    ]
