import django.core.validators
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='CallCount',
            fields=[
                ('caller', models.CharField(max_length=64, primary_key=True, serialize=False)),
                ('minute', models.BigIntegerField(db_index=True, help_text='Minutes since 1970.')),
                ('used', models.PositiveIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name='ReadKey',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('label', models.CharField(help_text='Whose program it is.', max_length=60)),
                ('digest', models.CharField(help_text='SHA-256 of the key.', max_length=64, unique=True)),
                ('beginning', models.CharField(help_text='Its first letters, by which people tell keys apart.', max_length=20)),
                ('scopes', models.JSONField(default=list, help_text='Values of Scope.')),
                ('per_minute', models.PositiveIntegerField(default=600, help_text='Calls in a minute.', validators=[django.core.validators.MinValueValidator(20), django.core.validators.MaxValueValidator(100000)])),
                ('created_at', models.DateTimeField()),
                ('used_at', models.DateTimeField(null=True)),
                ('revoked_at', models.DateTimeField(null=True)),
                ('created_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-pk'],
            },
        ),
    ]
