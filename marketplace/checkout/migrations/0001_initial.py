import django.core.validators
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('basket', '0012_line_code'),
        ('catalogue', '0032_category_exclude_from_menu_category_long_description'),
        ('order', '0021_billingaddress_code_shippingaddress_code'),
        ('partner', '0007_partneraddress_code'),
        ('shops', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Checkout',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('due_at', models.DateTimeField(blank=True, db_index=True, null=True)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('lease_until', models.DateTimeField(blank=True, null=True)),
                ('lease_token', models.CharField(blank=True, default='', max_length=32)),
                ('parked_at', models.DateTimeField(blank=True, null=True)),
                ('last_error', models.CharField(blank=True, default='', max_length=2000)),
                ('token', models.CharField(help_text="Unguessable; in the reader's addresses.", max_length=43, unique=True)),
                ('state', models.CharField(choices=[('open', 'Being filled in'), ('paying', 'Frozen, stock held, at the payment page'), ('paid', 'Paid, to be placed'), ('placed', 'Placed'), ('ended', 'Ended unpaid'), ('refunded', 'Paid too late for its copies, refunded')], db_index=True, default='open', max_length=10)),
                ('email', models.EmailField(blank=True, max_length=254)),
                ('language', models.CharField(default='fr', max_length=2)),
                ('currency', models.CharField(max_length=3)),
                ('name', models.CharField(blank=True, max_length=160)),
                ('line1', models.CharField(blank=True, max_length=160)),
                ('line2', models.CharField(blank=True, max_length=160)),
                ('city', models.CharField(blank=True, max_length=80)),
                ('region', models.CharField(blank=True, max_length=80)),
                ('postcode', models.CharField(blank=True, max_length=16)),
                ('country', models.CharField(blank=True, max_length=2)),
                ('phone', models.CharField(blank=True, max_length=40)),
                ('recipient_name', models.CharField(blank=True, help_text='Who gets or collects it.', max_length=160)),
                ('recipient_email', models.EmailField(blank=True, help_text='Gets the pick-up code too, and no prices.', max_length=254)),
                ('gift_note', models.CharField(blank=True, help_text='Printed on the packing slip.', max_length=500)),
                ('purchase_order', models.CharField(blank=True, help_text="The institution's own number.", max_length=60)),
                ('agrees_other_shop', models.BooleanField(default=False)),
                ('agrees_later', models.BooleanField(default=False)),
                ('agrees_in_part', models.BooleanField(default=True)),
                ('goods_minor', models.PositiveIntegerField(default=0)),
                ('discount_minor', models.PositiveIntegerField(default=0)),
                ('delivery_minor', models.PositiveIntegerField(default=0)),
                ('tax_minor', models.PositiveIntegerField(default=0)),
                ('total_minor', models.PositiveIntegerField(default=0)),
                ('created_at', models.DateTimeField()),
                ('frozen_at', models.DateTimeField(null=True)),
                ('expires_at', models.DateTimeField(help_text='When the payment session ends; the hold lives as long.', null=True)),
                ('basket', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='checkouts', to='basket.basket')),
                ('order', models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='checkout', to='order.order')),
                ('user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='checkouts', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='CheckoutParcel',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('slot_day', models.DateField(help_text="In the shop's time zone.", null=True)),
                ('expected_from', models.DateTimeField(null=True)),
                ('expected_until', models.DateTimeField(null=True)),
                ('awaits_confirmation', models.BooleanField(default=False)),
                ('weight_grams', models.PositiveIntegerField(default=0, help_text='With packaging, as the price was worked out.')),
                ('goods_minor', models.PositiveIntegerField(default=0)),
                ('delivery_minor', models.PositiveIntegerField(default=0)),
                ('delivery_tax_minor', models.PositiveIntegerField(default=0)),
                ('tax_minor', models.PositiveIntegerField(default=0)),
                ('tax_note', models.CharField(blank=True, help_text='Why its shop charges none: checkout.tax_words.', max_length=12)),
                ('total_minor', models.PositiveIntegerField(default=0)),
                ('checkout', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='parcels', to='placing.checkout')),
                ('delivery_option', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='shops.deliveryoption')),
                ('shop', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='shops.shop')),
                ('slot', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='shops.deliveryslot')),
            ],
        ),
        migrations.CreateModel(
            name='CheckoutLine',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('basket_line_id', models.BigIntegerField(null=True)),
                ('title', models.CharField(max_length=255)),
                ('supply', models.CharField(choices=[('stock', 'From the shelf'), ('order', 'Ordered at the distributor'), ('preorder', 'Ordered before it appears')], default='stock', max_length=8)),
                ('expected_on', models.DateField(help_text='When an ordered copy should be there, as the reader was told.', null=True)),
                ('quantity', models.PositiveIntegerField()),
                ('unit_price_minor', models.PositiveIntegerField(help_text='As shown to the reader.')),
                ('discount_minor', models.PositiveIntegerField(default=0)),
                ('discount_borne_by', models.CharField(choices=[('shop', 'The shop'), ('network', 'The network')], default='shop', max_length=8)),
                ('net_minor', models.PositiveIntegerField(help_text='Without tax, after discount.')),
                ('tax_minor', models.PositiveIntegerField(help_text='Of the goods.')),
                ('tax_rate_milli', models.PositiveIntegerField(default=0, help_text='All taxes, in thousandths of a per cent.')),
                ('tax_parts', models.JSONField(default=list, help_text='As checkout.tax.frozen makes them; they sum to the taxes.')),
                ('delivery_share_minor', models.PositiveIntegerField(default=0, help_text="Of the parcel's delivery, tax included.")),
                ('delivery_tax_minor', models.PositiveIntegerField(default=0, help_text='The tax in that share.')),
                ('total_minor', models.PositiveIntegerField(help_text='Net + tax + delivery share: what a decline gives back.')),
                ('product', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='catalogue.product')),
                ('stock_record', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='partner.stockrecord')),
                ('parcel', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='lines', to='placing.checkoutparcel')),
            ],
        ),
        migrations.CreateModel(
            name='Institution',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=160)),
                ('region', models.CharField(choices=[('01', 'Bas-Saint-Laurent'), ('02', 'Saguenay–Lac-Saint-Jean'), ('03', 'Capitale-Nationale'), ('04', 'Mauricie'), ('05', 'Estrie'), ('06', 'Montréal'), ('07', 'Outaouais'), ('08', 'Abitibi-Témiscamingue'), ('09', 'Côte-Nord'), ('10', 'Nord-du-Québec'), ('11', 'Gaspésie–Îles-de-la-Madeleine'), ('12', 'Chaudière-Appalaches'), ('13', 'Laval'), ('14', 'Lanaudière'), ('15', 'Laurentides'), ('16', 'Montérégie'), ('17', 'Centre-du-Québec')], max_length=2)),
                ('user', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='institution', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='TaxRate',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('place', models.CharField(help_text='ISO 3166 country, as in "BE"; "FR-20" for postcodes apart from it; "BE-export" for what leaves it.', max_length=9, validators=[django.core.validators.RegexValidator('^[A-Z]{2}(-([A-Z0-9]{1,5}|export))?$')])),
                ('category', models.CharField(choices=[('book', 'printed books with an ISBN'), ('unnumbered', 'printed books without an ISBN'), ('audiobook', 'audio books on a carrier'), ('ebook', 'e-books'), ('audio_download', 'audio books to download'), ('download', 'other downloads'), ('periodical', 'newspapers and magazines'), ('food', 'basic food'), ('goods', 'other goods'), ('service', 'services to shops')], max_length=14)),
                ('code', models.CharField(default='VAT', help_text='What the tax is called.', max_length=20)),
                ('rate_milli', models.PositiveIntegerField(help_text='6000 is 6 %.', validators=[django.core.validators.MaxValueValidator(100000)], verbose_name='Rate, in thousandths of a per cent')),
                ('since', models.DateField(help_text='The first day on which it holds.')),
                ('until', models.DateField(blank=True, help_text='The last day; empty while it holds.', null=True)),
                ('source', models.CharField(help_text='The law and its article, and when it was read.', max_length=300)),
            ],
            options={
                'verbose_name': 'tax rate',
                'verbose_name_plural': 'tax rates',
                'ordering': ['place', 'category', '-since'],
                'constraints': [models.UniqueConstraint(fields=('place', 'category', 'code', 'since'), name='tax_rate_once')],
            },
        ),
        migrations.AddConstraint(
            model_name='checkoutparcel',
            constraint=models.UniqueConstraint(fields=('checkout', 'shop'), name='checkout_parcel_per_shop'),
        ),
    ]
