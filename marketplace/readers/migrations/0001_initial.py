import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('catalogue', '0032_category_exclude_from_menu_category_long_description'),
        ('marketplace', '__first__'),
        ('placing', '0001_initial'),
        ('reviews', '0005_productreview_code'),
        ('shops', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='SecondFactorGrace',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('ends_at', models.DateTimeField()),
                ('user', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='second_factor_grace', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='SupportGrant',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('given_at', models.DateTimeField()),
                ('until', models.DateTimeField(help_text='Taken back: the moment of that.')),
                ('shop', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='support_grants', to='shops.shop')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='support_grants', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='SupportVisit',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('reason', models.CharField(max_length=200)),
                ('started_at', models.DateTimeField()),
                ('ends_at', models.DateTimeField(help_text='When it is over by itself, or was ended.')),
                ('operator', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('shop', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='support_visits', to='shops.shop')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='support_visits', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'indexes': [models.Index(fields=['user', '-started_at'], name='visits_of_a_person'), models.Index(fields=['shop', '-started_at'], name='visits_of_a_shop')],
                'constraints': [models.CheckConstraint(condition=models.Q(('operator', models.F('user')), _negated=True), name='visit_of_somebody_else')],
            },
        ),
        migrations.CreateModel(
            name='SupportDeed',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField()),
                ('address', models.CharField(help_text='Of the page, without what follows a question mark.', max_length=300)),
                ('allowed', models.BooleanField()),
                ('visit', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='deeds', to='readers.supportvisit')),
            ],
        ),
        migrations.CreateModel(
            name='Alert',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('due_at', models.DateTimeField(blank=True, db_index=True, null=True)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('lease_until', models.DateTimeField(blank=True, null=True)),
                ('lease_token', models.CharField(blank=True, default='', max_length=32)),
                ('parked_at', models.DateTimeField(blank=True, null=True)),
                ('last_error', models.CharField(blank=True, default='', max_length=2000)),
                ('where', models.CharField(choices=[('anywhere', 'In any shop'), ('near', 'Near me'), ('shop', 'In one shop')], default='anywhere', max_length=10)),
                ('latitude', models.FloatField(blank=True, null=True)),
                ('longitude', models.FloatField(blank=True, null=True)),
                ('place', models.CharField(blank=True, max_length=80)),
                ('radius_km', models.PositiveSmallIntegerField(blank=True, null=True)),
                ('used_only', models.BooleanField(default=False)),
                ('most_minor', models.PositiveIntegerField(blank=True, help_text="In the network's currency.", null=True)),
                ('language', models.CharField(choices=[('fr', 'Français'), ('en', 'English')], help_text='Of its mails.', max_length=2)),
                ('created_at', models.DateTimeField()),
                ('is_met', models.BooleanField(default=False)),
                ('unmet_since', models.DateTimeField(blank=True, help_text='Met before, and not seen since.', null=True)),
                ('told', models.PositiveIntegerField(default=0, help_text='How often its reader was told.')),
                ('product', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='title_alerts', to='catalogue.product')),
                ('reader', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='title_alerts', to=settings.AUTH_USER_MODEL)),
                ('shop', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='shops.shop')),
            ],
            options={
                'ordering': ['-created_at', '-pk'],
                'constraints': [models.CheckConstraint(condition=models.Q(('where', 'anywhere'), models.Q(('shop__isnull', False), ('where', 'shop')), models.Q(('latitude__isnull', False), ('longitude__isnull', False), ('radius_km__isnull', False), ('where', 'near')), _connector='OR'), name='alert_says_where')],
            },
        ),
        migrations.CreateModel(
            name='Consent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('purpose', models.CharField(choices=[('newsletter', 'News of the network by mail'), ('alerts', 'Mails when a shop has a title'), ('download', 'Downloads at once, without the right of withdrawal'), ('shop', 'A shop keeps me as its customer')], max_length=12)),
                ('version', models.CharField(max_length=16)),
                ('words', models.CharField(max_length=500)),
                ('given_at', models.DateTimeField()),
                ('withdrawn_at', models.DateTimeField(null=True)),
                ('checkout', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='placing.checkout')),
                ('shop', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='shops.shop')),
                ('user', models.ForeignKey(help_text='None: a guest.', null=True, on_delete=django.db.models.deletion.CASCADE, related_name='consents', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-given_at', '-pk'],
                'constraints': [models.UniqueConstraint(condition=models.Q(('purpose__in', ['newsletter', 'alerts']), ('withdrawn_at', None)), fields=('user', 'purpose'), name='consent_once'), models.UniqueConstraint(fields=('checkout',), name='consent_of_checkout_once'), models.UniqueConstraint(condition=models.Q(('purpose', 'shop'), ('withdrawn_at', None)), fields=('user', 'shop'), name='consent_shop_once')],
            },
        ),
        migrations.CreateModel(
            name='ReviewReport',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('by', models.CharField(help_text='Who, as marketplace.readers.reviews.reporter writes it.', max_length=40)),
                ('reason', models.CharField(choices=[('abuse', 'It insults or threatens somebody'), ('advert', 'It advertises something'), ('elsewhere', 'It is not about this title'), ('spoiler', 'It gives the end away'), ('other', 'Something else')], max_length=10)),
                ('note', models.CharField(blank=True, max_length=500)),
                ('at', models.DateTimeField()),
                ('settled_at', models.DateTimeField(blank=True, null=True)),
                ('review', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='reports', to='reviews.productreview')),
            ],
            options={
                'ordering': ['at', 'pk'],
                'indexes': [models.Index(condition=models.Q(('settled_at__isnull', True)), fields=['review'], name='review_report_open')],
                'constraints': [models.UniqueConstraint(fields=('review', 'by'), name='review_report_once')],
            },
        ),
        migrations.CreateModel(
            name='SavedSearch',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=120)),
                ('parameters', models.CharField(max_length=1500)),
                ('saved_at', models.DateTimeField()),
                ('reader', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='saved_searches', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name_plural': 'saved searches',
                'ordering': ['-saved_at', '-pk'],
                'constraints': [models.UniqueConstraint(fields=('reader', 'parameters'), name='saved_search_once')],
            },
        ),
        migrations.CreateModel(
            name='SignIn',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField()),
                ('outcome', models.CharField(choices=[('in', 'Signed in'), ('password', 'Wrong password'), ('factor', 'Wrong code of the second factor')], max_length=10)),
                ('how', models.CharField(blank=True, help_text='As allauth names it: "password totp".', max_length=40)),
                ('address', models.GenericIPAddressField(null=True)),
                ('browser', models.CharField(blank=True, help_text='As it names itself.', max_length=200)),
                ('browser_key', models.CharField(blank=True, max_length=22)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='sign_ins', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-at', '-pk'],
                'indexes': [models.Index(fields=['user', '-at'], name='sign_in_of'), models.Index(fields=['at'], name='sign_in_at')],
            },
        ),
    ]
