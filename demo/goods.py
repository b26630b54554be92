"""What the two shops without books sell: made-up products of made-up producers. Prices in cents of CAD."""

from __future__ import annotations

from typing import NamedTuple


class Good(NamedTuple):
    """One product without a GTIN. `size` is the content of one unit."""

    name: str
    maker: str
    size: str
    shelf: str
    price_minor: int
    description: str


def _goods(shelf: str, *rows: tuple[str, str, str, int, str]) -> tuple[Good, ...]:
    return tuple(Good(name, maker, size, shelf, price, text) for name, maker, size, price, text in rows)


FOOD: tuple[Good, ...] = (
    *_goods(
        "Miels et sirops",
        ("Miel de sarrasin", "Rucher du Rang 4", "500 g", 1195, "Brun, corsé, avec un goût de noix grillée."),
        ("Miel de fleurs sauvages", "Rucher du Rang 4", "500 g", 1095, "Récolté en août, crémeux sans être chauffé."),
        ("Miel de verge d'or", "Les Abeilles de Maskinongé", "375 g", 995, "Le dernier miel de l'année, épicé."),
        ("Sirop d'érable ambré", "Érablière Côté-Nord", "540 ml", 1095, "Une seule coulée, bouillie au bois."),
        ("Sirop d'érable foncé", "Érablière Côté-Nord", "540 ml", 1050, "De fin de saison, pour les cuisiniers."),
        ("Sirop de bouleau", "Érablière Côté-Nord", "100 ml", 1895, "Rare et balsamique, à verser sur un fromage."),
        ("Beurre d'érable", "Érablière Côté-Nord", "250 g", 1195, "Fouetté à froid, rien que de l'érable."),
        ("Gelée de pommettes", "Verger Saint-Amour", "250 ml", 795, "Rose, acidulée, prise sans gélifiant."),
    ),
    *_goods(
        "Confitures",
        ("Confiture de fraises et rhubarbe", "La Bassine", "250 ml", 850, "Peu sucrée, beaucoup de fruits."),
        ("Confiture de bleuets sauvages", "La Bassine", "250 ml", 925, "Des bleuets du Lac cueillis au peigne."),
        ("Confiture de camerises", "La Bassine", "250 ml", 950, "Entre le bleuet et la framboise."),
        ("Marmelade d'oranges amères", "La Bassine", "250 ml", 895, "Coupée à la main, franche d'amertume."),
        ("Tartinade de noisettes", "Moulin du Portage", "300 g", 1295, "Noisettes, cacao, rien de caché."),
        ("Compote de pommes et argousier", "Verger Saint-Amour", "500 ml", 795, "Sans sucre ajouté."),
    ),
    *_goods(
        "Farines et grains",
        ("Farine de sarrasin", "Moulin du Portage", "1 kg", 650, "Moulue sur pierre, pour les galettes."),
        ("Farine de blé Red Fife", "Moulin du Portage", "2 kg", 995, "Un blé ancien au goût de noisette."),
        ("Farine d'épeautre", "Moulin du Portage", "1 kg", 725, "Pour les pâtes à tarte et les pains doux."),
        ("Flocons d'avoine", "Moulin du Portage", "1 kg", 575, "Épais, roulés la semaine de la livraison."),
        ("Pois jaunes à soupe", "Ferme des Érables rouges", "900 g", 495, "Pour la soupe du samedi."),
        ("Haricots Jacob's Cattle", "Ferme des Érables rouges", "450 g", 595, "Tachetés, fermes à la cuisson."),
        ("Lentilles noires", "Ferme des Érables rouges", "450 g", 595, "Petites et brillantes, vite cuites."),
        ("Maïs à éclater", "Ferme des Érables rouges", "450 g", 525, "En grains, de trois couleurs."),
    ),
    *_goods(
        "Cafés, thés et tisanes",
        ("Café La Veillée, en grains", "Torréfaction du Canal", "340 g", 1795, "Torréfaction foncée, notes de cacao."),
        ("Café Matin clair, en grains", "Torréfaction du Canal", "340 g", 1895, "Léger, floral, pour le filtre."),
        ("Café décaféiné à l'eau", "Torréfaction du Canal", "340 g", 1895, "Rond, sans compromis."),
        ("Tisane des lacs", "Herbes d'Anticosti", "40 g", 1095, "Thé du Labrador, menthe, framboisier."),
        ("Tisane de l'hiver", "Herbes d'Anticosti", "40 g", 1095, "Sapin baumier, gingembre, orange."),
        ("Thé du Labrador", "Herbes d'Anticosti", "30 g", 1295, "Cueilli à la main en tourbière."),
        ("Camomille entière", "Herbes d'Anticosti", "25 g", 895, "Des fleurs que l'on reconnaît."),
        ("Chocolat chaud épicé", "Cacao de la Rivière", "250 g", 1395, "Cacao, cannelle, une pointe de piment."),
    ),
    *_goods(
        "Chocolats et douceurs",
        ("Tablette noire 72 %", "Cacao de la Rivière", "70 g", 795, "Fèves torréfiées à Trois-Rivières."),
        ("Tablette au lait et sel", "Cacao de la Rivière", "70 g", 795, "Lait entier, sel de Charlevoix."),
        ("Tablette aux canneberges", "Cacao de la Rivière", "70 g", 850, "Des canneberges du Centre-du-Québec."),
        ("Caramels à la fleur de sel", "La Bassine", "150 g", 995, "Emballés un par un dans du papier."),
        ("Sucre à la crème", "La Bassine", "200 g", 895, "Comme le dimanche."),
        ("Biscuits à l'avoine", "Four du Faubourg", "225 g", 750, "Croquants au bord, tendres au centre."),
        ("Pain d'épices tranché", "Four du Faubourg", "300 g", 850, "Au miel de sarrasin."),
    ),
    *_goods(
        "Huiles, vinaigres et condiments",
        ("Huile de tournesol pressée à froid", "Ferme des Érables rouges", "500 ml", 1195, "Dorée, au goût de graine."),
        ("Huile de cameline", "Ferme des Érables rouges", "250 ml", 1295, "Un goût d'asperge, pour les salades."),
        ("Vinaigre de cidre vieilli", "Verger Saint-Amour", "375 ml", 1095, "Douze mois en fût de chêne."),
        ("Moutarde à l'ancienne", "La Bassine", "200 ml", 695, "Grains entiers et cidre."),
        ("Ketchup aux fruits", "La Bassine", "500 ml", 895, "La recette de la tante Rita."),
        ("Cornichons à l'aneth", "La Bassine", "1 l", 1095, "Croquants, fermentés au sel."),
        ("Choucroute crue", "La Bassine", "500 ml", 850, "Vivante : à garder au froid."),
        ("Sel de mer de Charlevoix", "Salines du Fleuve", "120 g", 995, "Évaporé lentement au soleil."),
        ("Algues séchées", "Salines du Fleuve", "40 g", 1195, "Laminaire sucrée du Bas-Saint-Laurent."),
        ("Mélange d'épices boréales", "Herbes d'Anticosti", "50 g", 1295, "Poivre des dunes, genièvre, myrique."),
        ("Champignons séchés", "Herbes d'Anticosti", "30 g", 1495, "Cèpes et chanterelles de la Mauricie."),
    ),
)

CRAFTS: tuple[Good, ...] = (
    *_goods(
        "Céramique",
        ("Tasse Givre", "Poterie du Bas-Cap", "300 ml", 3600, "Grès blanc, émail mat, tournée à la main."),
        ("Bol à soupe Givre", "Poterie du Bas-Cap", "600 ml", 4200, "Assez grand pour une vraie soupe."),
        ("Assiette Battures", "Poterie du Bas-Cap", "24 cm", 4800, "Le bord garde la trace des doigts."),
        ("Théière Corneille", "Poterie du Bas-Cap", "1 l", 12500, "Noire, bec précis, anse de cuir."),
        ("Vase Deux Rivières", "Argile et Cie", "28 cm", 9800, "Deux émaux qui se rencontrent."),
        ("Bougeoir de table", "Argile et Cie", "9 cm", 2900, "Lourd, stable, couleur de sable."),
        ("Saladier Marée", "Argile et Cie", "30 cm", 11000, "Pour six personnes affamées."),
        ("Coquetier", "Argile et Cie", "6 cm", 1600, "Vendu à l'unité, chacun différent."),
    ),
    *_goods(
        "Papier et reliure",
        ("Carnet cousu, papier chiffon", "Papier Saint-Édouard", "A5", 3200, "Cent vingt pages qui boivent l'encre."),
        ("Carnet de poche", "Papier Saint-Édouard", "A6", 1800, "Couverture de lin, dos nu."),
        ("Cartes et enveloppes fleuries", "Papier Saint-Édouard", "8 pièces", 2400, "Fleurs prises dans la feuille."),
        ("Papier à lettres", "Papier Saint-Édouard", "40 feuilles", 2800, "Bords irréguliers, filigrane."),
        ("Marque-page en cuir", "Reliure Tremble", "18 cm", 1400, "Chute de reliure, dorée à la main."),
        ("Album photo relié", "Reliure Tremble", "24 × 30 cm", 7800, "Feuilles noires, intercalaires de soie."),
        ("Boîte à correspondance", "Reliure Tremble", "25 cm", 5600, "Toile grise, fermoir d'os."),
        ("Estampe La Débâcle", "Atelier Presse-Bois", "20 × 30 cm", 6500, "Gravure sur bois, tirage de cinquante."),
        ("Estampe Le Huard", "Atelier Presse-Bois", "20 × 30 cm", 6500, "Gravure sur bois, tirage de cinquante."),
        ("Affiche typographique", "Atelier Presse-Bois", "38 × 56 cm", 4500, "Caractères de bois, encre rouge."),
    ),
    *_goods(
        "Bois",
        ("Planche à pain en érable", "Menuiserie Trois Copeaux", "45 cm", 6800, "Un seul morceau, huilé."),
        ("Cuillère à mijoter", "Menuiserie Trois Copeaux", "32 cm", 2200, "Cerisier, pour droitier ou gaucher."),
        ("Rouleau à pâte", "Menuiserie Trois Copeaux", "48 cm", 3400, "Sans poignées, en merisier."),
        ("Toupie", "Menuiserie Trois Copeaux", "6 cm", 1200, "Tourne plus d'une minute."),
        ("Jeu de moulin", "Menuiserie Trois Copeaux", "22 cm", 4900, "Plateau de noyer, pions de deux essences."),
        ("Casse-tête des provinces", "Menuiserie Trois Copeaux", "30 cm", 3900, "Treize morceaux de tilleul."),
        ("Canard à tirer", "Menuiserie Trois Copeaux", "16 cm", 4200, "Il dandine, les enfants suivent."),
        ("Crochets muraux", "Menuiserie Trois Copeaux", "4 pièces", 2600, "Branches de hêtre polies."),
    ),
    *_goods(
        "Laine et textile",
        ("Tuque en mérinos", "Tricots de la Batiscan", "taille unique", 5400, "Bord double, trois couleurs du bois."),
        ("Mitaines doublées", "Tricots de la Batiscan", "M", 6200, "Pour les matins à moins vingt-cinq."),
        ("Bas de laine", "Tricots de la Batiscan", "M", 2800, "Talon renforcé, lavables à l'eau froide."),
        ("Écharpe tissée", "Métiers du Rang", "180 cm", 8900, "Alpaga et laine, sergé brisé."),
        ("Linge à vaisselle en lin", "Métiers du Rang", "50 × 70 cm", 2200, "Il sèche mieux chaque année."),
        ("Napperon rayé", "Métiers du Rang", "35 × 48 cm", 2400, "Coton et lin, vendu à l'unité."),
        ("Couverture à carreaux", "Métiers du Rang", "130 × 180 cm", 18500, "Une semaine de métier."),
        ("Écheveau teint à la verge d'or", "Tricots de la Batiscan", "100 g", 2900, "Jaune changeant, laine d'ici."),
    ),
    *_goods(
        "Maison",
        ("Savon au sapin", "Savonnerie du Chenal", "110 g", 850, "Doux, sans parfum ajouté."),
        ("Savon à l'argile", "Savonnerie du Chenal", "110 g", 850, "Argile grise et avoine."),
        ("Bougie de cire d'abeille", "Rucher du Rang 4", "15 cm", 1600, "Coulée, mèche de coton."),
        ("Brosse à légumes", "Savonnerie du Chenal", "14 cm", 1400, "Hêtre et fibre d'agave."),
        ("Panier de frêne", "Vannerie Odanak-Nord", "28 cm", 14500, "Éclisses battues et tressées à la main."),
        ("Panier à pommes", "Vannerie Odanak-Nord", "35 cm", 17500, "Anse courbée à la vapeur."),
    ),
)
