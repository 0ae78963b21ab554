"""Every market's modules beside the protocols they have to keep: the type checker reads this, nobody runs it."""

import engine.results.aggregator
import engine.results.bilateral
import engine.results.days
import engine.results.designs
import engine.results.microgrid
import engine.results.network
import scenarios.aggregator.draw
import scenarios.aggregator.keys
import scenarios.bilateral.draw
import scenarios.bilateral.keys
import scenarios.days.draw
import scenarios.days.keys
import scenarios.designs.draw
import scenarios.designs.keys
import scenarios.microgrid.draw
import scenarios.microgrid.keys
import scenarios.network.draw
import scenarios.network.keys
import views.aggregator.page
import views.aggregator.pictures
import views.aggregator.words
import views.bilateral.page
import views.bilateral.pictures
import views.bilateral.words
import views.days.page
import views.days.pictures
import views.days.words
import views.designs.page
import views.designs.pictures
import views.designs.words
import views.microgrid.page
import views.microgrid.pictures
import views.microgrid.words
import views.network.page
import views.network.pictures
import views.network.words
from engine.results import Results
from scenarios.aggregator.keys import AggregatorScenario
from scenarios.bilateral.keys import BilateralScenario
from scenarios.days.keys import DaysScenario
from scenarios.designs.keys import DesignsScenario
from scenarios.markets import Draw, Keys
from scenarios.microgrid.keys import MicrogridScenario
from scenarios.network.keys import NetworkScenario
from views.markets import Page, Pictures, Words

aggregator_keys: Keys = scenarios.aggregator.keys
bilateral_keys: Keys = scenarios.bilateral.keys
days_keys: Keys = scenarios.days.keys
designs_keys: Keys = scenarios.designs.keys
microgrid_keys: Keys = scenarios.microgrid.keys
network_keys: Keys = scenarios.network.keys

aggregator_draw: Draw[AggregatorScenario] = scenarios.aggregator.draw
bilateral_draw: Draw[BilateralScenario] = scenarios.bilateral.draw
days_draw: Draw[DaysScenario] = scenarios.days.draw
designs_draw: Draw[DesignsScenario] = scenarios.designs.draw
microgrid_draw: Draw[MicrogridScenario] = scenarios.microgrid.draw
network_draw: Draw[NetworkScenario] = scenarios.network.draw

aggregator_results: Results = engine.results.aggregator
bilateral_results: Results = engine.results.bilateral
days_results: Results = engine.results.days
designs_results: Results = engine.results.designs
microgrid_results: Results = engine.results.microgrid
network_results: Results = engine.results.network

aggregator_words: Words = views.aggregator.words
bilateral_words: Words = views.bilateral.words
days_words: Words = views.days.words
designs_words: Words = views.designs.words
microgrid_words: Words = views.microgrid.words
network_words: Words = views.network.words

aggregator_pictures: Pictures = views.aggregator.pictures
bilateral_pictures: Pictures = views.bilateral.pictures
days_pictures: Pictures = views.days.pictures
designs_pictures: Pictures = views.designs.pictures
microgrid_pictures: Pictures = views.microgrid.pictures
network_pictures: Pictures = views.network.pictures

aggregator_page: Page = views.aggregator.page
bilateral_page: Page = views.bilateral.page
days_page: Page = views.days.page
designs_page: Page = views.designs.page
microgrid_page: Page = views.microgrid.page
network_page: Page = views.network.page
