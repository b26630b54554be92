from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='FakeStripeKey',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=255, unique=True)),
                ('fingerprint', models.CharField(max_length=64)),
                ('status', models.PositiveSmallIntegerField()),
                ('body', models.JSONField()),
                ('kept_until', models.BigIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name='FakeStripeObject',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(max_length=40)),
                ('object_id', models.CharField(max_length=255, unique=True)),
                ('account', models.CharField(blank=True, max_length=255)),
                ('created', models.BigIntegerField()),
                ('due_at', models.BigIntegerField(blank=True, null=True)),
                ('body', models.JSONField()),
            ],
            options={
                'indexes': [models.Index(fields=['kind', 'account', 'id'], name='fake_stripe_kind'), models.Index(fields=['kind', 'due_at'], name='fake_stripe_due')],
            },
        ),
    ]
