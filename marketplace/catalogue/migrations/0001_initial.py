import datetime
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('catalogue', '0032_category_exclude_from_menu_category_long_description'),
        ('shops', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='CoverFetch',
            fields=[
                ('due_at', models.DateTimeField(blank=True, db_index=True, null=True)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('lease_until', models.DateTimeField(blank=True, null=True)),
                ('lease_token', models.CharField(blank=True, default='', max_length=32)),
                ('parked_at', models.DateTimeField(blank=True, null=True)),
                ('last_error', models.CharField(blank=True, default='', max_length=2000)),
                ('product', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='cover_fetch', serialize=False, to='catalogue.product')),
                ('source', models.URLField(max_length=500)),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='TitleChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('product_id', models.BigIntegerField(db_index=True)),
                ('marked_at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='WorkChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('product_id', models.BigIntegerField()),
                ('marked_at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='WorkKey',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('product_id', models.BigIntegerField(db_index=True)),
                ('key', models.BigIntegerField(db_index=True, help_text='A hash of what kind of key it is, and its value.')),
                ('gtin', models.BigIntegerField(help_text='Where the key is the number of another edition.', null=True)),
            ],
        ),
        migrations.CreateModel(
            name='ListedName',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('author', 'Author'), ('publisher', 'Publisher'), ('series', 'Series')], max_length=10)),
                ('slug', models.CharField(max_length=255)),
                ('key', models.CharField(help_text='What the index knows it by.', max_length=300)),
                ('name', models.CharField(max_length=300)),
                ('changed_on', models.DateField(help_text='The last day on which one of its titles was indexed anew.')),
                ('looked_on', models.DateField(default=datetime.date(1, 1, 1), help_text='When it was last seen to have a title.')),
            ],
            options={
                'indexes': [models.Index(fields=['kind', 'key'], name='listed_name_key'), models.Index(fields=['looked_on', 'id'], name='listed_name_looked')],
                'constraints': [models.UniqueConstraint(fields=('kind', 'slug'), name='listed_name_once')],
            },
        ),
        migrations.CreateModel(
            name='OtherGtin',
            fields=[
                ('gtin', models.BigIntegerField(primary_key=True, serialize=False)),
                ('product', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='other_gtins', to='catalogue.product')),
            ],
        ),
        migrations.CreateModel(
            name='ProductFacts',
            fields=[
                ('product', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='facts', serialize=False, to='catalogue.product')),
                ('gtin', models.BigIntegerField(help_text='ISBN-13, EAN-13, … as a number; null without one.', null=True, unique=True)),
                ('subtitle', models.CharField(blank=True, max_length=300)),
                ('contributors', models.JSONField(default=list)),
                ('contributors_text', models.CharField(blank=True, help_text='As shown: "Albert Camus, …".', max_length=500)),
                ('publisher', models.CharField(blank=True, max_length=200)),
                ('series', models.CharField(blank=True, max_length=200)),
                ('series_number', models.CharField(blank=True, max_length=20)),
                ('language', models.CharField(blank=True, help_text='ISO 639-1, or 639-2/B where that has none.', max_length=3)),
                ('form', models.CharField(blank=True, choices=[('hardback', 'Hardback'), ('paperback', 'Paperback'), ('pocket', 'Pocket book'), ('book', 'Book'), ('comic', 'Comic book'), ('board', 'Board book'), ('ebook', 'E-book'), ('audio', 'Audio book'), ('video', 'Film'), ('map', 'Map'), ('music', 'Music'), ('calendar', 'Calendar'), ('game', 'Game'), ('stationery', 'Stationery'), ('goods', 'Goods'), ('other', 'Other goods')], max_length=12)),
                ('pages', models.PositiveIntegerField(null=True)),
                ('publication_date', models.DateField(null=True)),
                ('description', models.TextField(blank=True, help_text='Sanitised HTML.')),
                ('subject_codes', models.JSONField(default=list, help_text='Thema codes, most telling first: ["FBA", "JBSF"].')),
                ('subject_path', models.JSONField(default=list, help_text='The first one\'s path: ["F", "FB"].')),
                ('audience', models.CharField(blank=True, max_length=60)),
                ('picked', models.BooleanField(db_default=False, default=False)),
                ('weight_grams', models.PositiveIntegerField(help_text='Empty: the default of its form counts.', null=True)),
                ('unit_size', models.CharField(blank=True, max_length=60)),
                ('tax_code', models.CharField(blank=True, max_length=40)),
                ('territory', models.TextField(blank=True, default='', help_text='Where it may be sold, as `sale_limits` writes it.')),
                ('age_limit', models.CharField(blank=True, default='', help_text='Years, or a word of `sale_limits`.', max_length=8)),
                ('cover', models.ImageField(blank=True, upload_to='covers/')),
                ('cover_source', models.URLField(blank=True, help_text='Where a sender says the cover is.', max_length=500)),
                ('is_book', models.BooleanField(default=False, help_text='Its GTIN begins with 978 or 979 (not 979-0).')),
                ('synthetic', models.BooleanField(default=False, help_text='Some facts are made up, for the demo.')),
                ('provenance', models.JSONField(default=dict)),
                ('work_id', models.BigIntegerField(editable=False, null=True)),
                ('updated_at', models.DateTimeField()),
            ],
            options={
                'verbose_name_plural': 'product facts',
                'indexes': [models.Index(fields=['series'], name='facts_series'), models.Index(fields=['contributors_text'], name='facts_contributors'), models.Index(condition=models.Q(('work_id__isnull', False)), fields=['work_id'], name='facts_work')],
            },
        ),
        migrations.CreateModel(
            name='ProductRedirect',
            fields=[
                ('old', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='moved_to', serialize=False, to='catalogue.product')),
                ('product', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='catalogue.product')),
            ],
        ),
        migrations.CreateModel(
            name='SubjectMapping',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('scheme', models.CharField(max_length=20)),
                ('prefix', models.CharField(max_length=20)),
                ('thema', models.CharField(max_length=20)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('scheme', 'prefix'), name='subject_mapping_once')],
            },
        ),
        migrations.CreateModel(
            name='FactEdit',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('fact', models.CharField(help_text='title, or a name of catalog_sync.records.FACT_FIELDS.', max_length=20)),
                ('value', models.JSONField(help_text='As a source record has it.', null=True)),
                ('at', models.DateTimeField()),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('product', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='fact_edits', to='catalogue.product')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('product', 'fact'), name='fact_edited_once')],
            },
        ),
        migrations.CreateModel(
            name='Moderation',
            fields=[
                ('product', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='moderation', serialize=False, to='catalogue.product')),
                ('reason', models.CharField(choices=[('adults', 'For adults only'), ('new_shop', 'From a new shop, without an ISBN or EAN')], max_length=10)),
                ('asked_at', models.DateTimeField()),
                ('answer', models.CharField(blank=True, choices=[('yes', 'May be shown'), ('no', 'Is not shown')], default='', max_length=3)),
                ('answered_at', models.DateTimeField(null=True)),
                ('answered_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('shop', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='shops.shop')),
            ],
            options={
                'indexes': [models.Index(fields=['answer', 'asked_at'], name='moderation_waiting')],
            },
        ),
        migrations.CreateModel(
            name='Subject',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('scheme', models.CharField(default='thema', max_length=20)),
                ('code', models.CharField(max_length=20)),
                ('label_fr', models.CharField(max_length=250)),
                ('label_en', models.CharField(max_length=250)),
                ('parent', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='children', to='titles.subject')),
            ],
            options={
                'ordering': ['code'],
                'constraints': [models.UniqueConstraint(fields=('scheme', 'code'), name='subject_code_once')],
            },
        ),
    ]
