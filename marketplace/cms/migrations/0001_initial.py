import django.db.models.deletion
import marketplace.cms.blocks
import wagtail.fields
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('shops', '0001_initial'),
        ('wagtailcore', '0098_apitoken'),
    ]

    operations = [
        migrations.CreateModel(
            name='HomePage',
            fields=[
                ('page_ptr', models.OneToOneField(auto_created=True, on_delete=django.db.models.deletion.CASCADE, parent_link=True, primary_key=True, serialize=False, to=settings.WAGTAIL_PAGE_MODEL)),
                ('heading_fr', models.CharField(max_length=120)),
                ('heading_en', models.CharField(blank=True, max_length=120)),
                ('intro_fr', models.TextField(blank=True)),
                ('intro_en', models.TextField(blank=True)),
                ('shelves', wagtail.fields.StreamField([('shelf', 7), ('newest', 10)], blank=True, block_lookup={0: ('wagtail.blocks.CharBlock', (), {'label': 'Title in French', 'max_length': 80}), 1: ('wagtail.blocks.CharBlock', (), {'label': 'Title in English', 'max_length': 80, 'required': False}), 2: ('wagtail.blocks.TextBlock', (), {'label': 'Introduction in French', 'required': False}), 3: ('wagtail.blocks.TextBlock', (), {'label': 'Introduction in English', 'required': False}), 4: ('marketplace.cms.blocks.IsbnBlock', (), {'label': 'ISBN'}), 5: ('wagtail.blocks.ListBlock', (4,), {'label': 'Books', 'max_num': 30, 'min_num': 1}), 6: ('wagtail.blocks.ChoiceBlock', [], {'choices': marketplace.cms.blocks.shop_choices, 'label': 'Chosen by the shop', 'required': False}), 7: ('wagtail.blocks.StructBlock', [[('title_fr', 0), ('title_en', 1), ('intro_fr', 2), ('intro_en', 3), ('isbns', 5), ('shop', 6)]], {}), 8: ('wagtail.blocks.ChoiceBlock', [], {'choices': marketplace.cms.blocks.shop_choices, 'label': 'What this shop has', 'required': False}), 9: ('wagtail.blocks.ChoiceBlock', [], {'choices': marketplace.cms.blocks.subject_choices, 'label': 'Of this subject', 'required': False}), 10: ('wagtail.blocks.StructBlock', [[('title_fr', 0), ('title_en', 1), ('intro_fr', 2), ('intro_en', 3), ('shop', 8), ('subject', 9)]], {})})),
            ],
            options={
                'abstract': False,
            },
            bases=('wagtailcore.page',),
        ),
        migrations.CreateModel(
            name='StandardPage',
            fields=[
                ('page_ptr', models.OneToOneField(auto_created=True, on_delete=django.db.models.deletion.CASCADE, parent_link=True, primary_key=True, serialize=False, to=settings.WAGTAIL_PAGE_MODEL)),
                ('heading_fr', models.CharField(max_length=120)),
                ('heading_en', models.CharField(blank=True, max_length=120)),
                ('body_fr', wagtail.fields.RichTextField(blank=True)),
                ('body_en', wagtail.fields.RichTextField(blank=True)),
                ('shelves', wagtail.fields.StreamField([('shelf', 7), ('newest', 10)], blank=True, block_lookup={0: ('wagtail.blocks.CharBlock', (), {'label': 'Title in French', 'max_length': 80}), 1: ('wagtail.blocks.CharBlock', (), {'label': 'Title in English', 'max_length': 80, 'required': False}), 2: ('wagtail.blocks.TextBlock', (), {'label': 'Introduction in French', 'required': False}), 3: ('wagtail.blocks.TextBlock', (), {'label': 'Introduction in English', 'required': False}), 4: ('marketplace.cms.blocks.IsbnBlock', (), {'label': 'ISBN'}), 5: ('wagtail.blocks.ListBlock', (4,), {'label': 'Books', 'max_num': 30, 'min_num': 1}), 6: ('wagtail.blocks.ChoiceBlock', [], {'choices': marketplace.cms.blocks.shop_choices, 'label': 'Chosen by the shop', 'required': False}), 7: ('wagtail.blocks.StructBlock', [[('title_fr', 0), ('title_en', 1), ('intro_fr', 2), ('intro_en', 3), ('isbns', 5), ('shop', 6)]], {}), 8: ('wagtail.blocks.ChoiceBlock', [], {'choices': marketplace.cms.blocks.shop_choices, 'label': 'What this shop has', 'required': False}), 9: ('wagtail.blocks.ChoiceBlock', [], {'choices': marketplace.cms.blocks.subject_choices, 'label': 'Of this subject', 'required': False}), 10: ('wagtail.blocks.StructBlock', [[('title_fr', 0), ('title_en', 1), ('intro_fr', 2), ('intro_en', 3), ('shop', 8), ('subject', 9)]], {})})),
            ],
            options={
                'abstract': False,
            },
            bases=('wagtailcore.page',),
        ),
        migrations.CreateModel(
            name='Pick',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('gtin', models.BigIntegerField(db_index=True, help_text='Thirteen digits.', verbose_name='ISBN')),
                ('signed', models.CharField(help_text='Who says so.', max_length=80)),
                ('text_fr', models.TextField(blank=True)),
                ('text_en', models.TextField(blank=True)),
                ('live', models.BooleanField(default=True)),
                ('picked_at', models.DateTimeField(auto_now_add=True)),
                ('shop', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='picks', to='shops.shop')),
            ],
            options={
                'ordering': ['-picked_at', '-pk'],
            },
        ),
    ]
