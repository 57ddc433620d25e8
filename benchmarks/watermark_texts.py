"""Sixty texts and the embedded voices that speak them: long and short, many languages, many timbres."""

TEXTS: tuple[tuple[str, str], ...] = (
    ("en-us", "The harbour was quiet when the first boats came home, and nobody spoke a word."),
    ("en-us+f3", "Please hold the line; your call will be answered in about four minutes."),
    ("en-gb", "Rain is expected in the north by noon, with sunny spells along the southern coast."),
    ("en-gb+m3", "I have never understood why he kept all those clocks in one small room."),
    ("de", "Der Zug nach Hamburg fährt heute von Gleis sieben, bitte beachten Sie die Durchsagen."),
    ("de+f2", "Wer den ganzen Tag am Schreibtisch sitzt, sollte abends eine Stunde spazieren gehen."),
    ("fr-fr", "Le marché ouvre à huit heures, et les meilleurs fromages partent toujours en premier."),
    ("es", "La biblioteca cierra a las nueve, pero los estudiantes pueden quedarse un poco más."),
    ("it", "Domani mattina prendiamo il treno per Firenze e torniamo con l'ultimo della sera."),
    ("pt-br", "O pescador acordou antes do sol e remou em silêncio até o meio da lagoa."),
    ("pl", "Wieczorem nad jeziorem zrobiło się chłodno, więc wróciliśmy do domu przez las."),
    ("nl", "De fietser stopte bij de brug en keek lang naar de schepen in het kanaal."),
    ("sv", "På vintern är sjön täckt av is och barnen åker skridskor hela dagen."),
    ("da", "Den gamle bager står op klokken tre for at lave brød til hele byen."),
    ("fi", "Metsän keskellä on pieni järvi, jonka rannalla seisoo vanha puinen talo."),
    ("cs", "Na náměstí stojí stará věž, ze které je vidět celé město i řeka."),
    ("tr", "Sabah erkenden pazara gittik ve taze ekmekle peynir aldık."),
    ("ru", "Поезд медленно шёл через заснеженный лес, и за окном не было ни огонька."),
    ("hu", "A falu végén álló malom már száz éve nem őröl lisztet."),
    ("el", "Το πλοίο φεύγει από το λιμάνι στις επτά το πρωί, αν ο καιρός το επιτρέψει."),
    ("en-us+m1", "Add two cups of flour, a pinch of salt and just enough water to make a soft dough."),
    ("en-us+f1", "Chapter one. It was the kind of morning that made even the pigeons look thoughtful."),
    ("en-us+m7", "Warning: the door will close in five seconds. Please stand clear of the yellow line."),
    ("en-us+croak", "They told me the bridge was safe, and I believed them until it began to sway."),
    ("en-us+whisper", "Do not wake the baby; she has only just fallen asleep after hours of crying."),
    ("en-gb+f5", "The committee will meet on Thursday to discuss the budget for the coming year."),
    ("en-gb-scotland", "We walked along the loch until the path was lost under water and stones."),
    ("de+m3", "Die Sitzung beginnt um zehn Uhr und wird voraussichtlich zwei Stunden dauern."),
    ("de+f4", "Im Garten hinter dem Haus wachsen Tomaten, Bohnen und drei Sorten Salat."),
    ("de+m7", "Achtung, eine Durchsage: Der Eingang an der Nordseite bleibt heute geschlossen."),
    ("fr-fr+f2", "Elle a rangé les lettres dans une boîte en fer et n'en a plus jamais parlé."),
    ("fr-fr+m3", "Si le vent tourne, nous devrons attendre demain pour traverser la baie."),
    ("es-419", "El autobús llegó tarde otra vez, así que caminamos hasta el centro."),
    ("es+f3", "Mi abuela guardaba las recetas en un cuaderno azul que nadie podía tocar."),
    ("it+f2", "Il gatto dorme sul davanzale mentre fuori comincia piano a piovere."),
    ("it+m4", "Per arrivare al castello bisogna salire trecento gradini di pietra."),
    ("pt", "A reunião foi adiada para sexta-feira porque metade da equipe está viajando."),
    ("pt-br+f4", "Ele abriu a janela devagar e ouviu a banda ensaiando na praça."),
    ("nl+f2", "Morgen wordt het bewolkt, met in de avond kans op een bui."),
    ("sv+m3", "Tåget till Göteborg är tjugo minuter försenat på grund av ett signalfel."),
    ("nb", "Stien går bratt opp fra fjorden og ender ved en liten hytte av stein."),
    ("ro", "Bunicul repara ceasuri vechi într-un atelier care miroase a ulei și a lemn."),
    ("uk", "Навесні річка розливається і вода доходить аж до старого млина."),
    ("bg", "Планината беше скрита в мъгла и чувахме само звънците на овцете."),
    ("hr", "Na otoku nema automobila, pa se sve nosi na rukama ili na magarcu."),
    ("sk", "Deti stavali z dreva loďky a púšťali ich dolu potokom."),
    ("ca", "A la tardor els boscos s'omplen de bolets i de gent amb cistells."),
    ("vi", "Buổi sáng trong làng rất yên tĩnh, chỉ nghe tiếng chim và tiếng nước chảy."),
    ("id", "Kapal itu berlayar pelan melewati pulau kecil yang penuh pohon kelapa."),
    ("hi", "गाँव के बाहर एक पुराना कुआँ है जहाँ बच्चे शाम को खेलते हैं।"),
    ("sw", "Mvulana alikaa chini ya mti mkubwa na kusoma kitabu chake."),
    ("eo", "La maljuna instruisto ankoraŭ skribas ĉiujn leterojn per plumo."),
    ("en-us", "Yes, of course. I will call you back tomorrow."),
    ("en-gb+f2", "Thank you, goodbye, and have a pleasant evening."),
    ("de", "Das Wetter wird am Wochenende leider nicht besser."),
    ("fr-fr", "Je ne sais pas encore si nous pourrons venir."),
    ("es", "Gracias por su paciencia, le atendemos enseguida."),
    ("it", "La cena è pronta, venite tutti a tavola."),
    (
        "en-us+m5",
        (
            "In the year 1848 the town had 3,200 people, two mills and a newspaper. Fifty years later it "
            "had a railway, a theatre and a bank; and today only the chimneys of the mills still stand, "
            "with storks on top of them. Visitors often ask why nobody took them down. The answer is "
            "simple: nobody dared to."
        ),
    ),
    (
        "de+m1",
        (
            "Am Anfang war da nur ein Stück Holz, das am Strand lag. Später kam ein zweites dazu, dann "
            "ein Seil und eine Flasche ohne Etikett. Als der Sommer vorbei war, hatte das Kind daraus ein "
            "ganzes Schiff gebaut, und alle im Dorf kamen, um es zu sehen."
        ),
    ),
)
"""Voice and text. The first twelve are those of the test suite."""
