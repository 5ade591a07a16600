BEGIN TRANSACTION;
CREATE TABLE reports (
	study_id INTEGER NOT NULL, 
	number INTEGER NOT NULL, 
	step BIGINT NOT NULL, 
	attempt INTEGER NOT NULL, 
	value DOUBLE, 
	odd_value TEXT, 
	time DOUBLE NOT NULL, 
	PRIMARY KEY (study_id, number, step), 
	FOREIGN KEY(study_id, number) REFERENCES trials (study_id, number)
)
 WITHOUT ROWID

;
INSERT INTO "reports" VALUES(1,0,1,1,0.5,NULL,0.25);
INSERT INTO "reports" VALUES(1,0,3,1,NULL,'nan',0.5);
INSERT INTO "reports" VALUES(1,1,1,1,0.0,'-0.0',0.25);
INSERT INTO "reports" VALUES(1,3,9,1,3.33333333333333314829e-01,NULL,0.25);
CREATE TABLE studies (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	name TEXT NOT NULL, 
	direction TEXT NOT NULL, 
	space TEXT NOT NULL, 
	method TEXT NOT NULL, 
	scheduler TEXT, 
	seed BIGINT NOT NULL, 
	info TEXT NOT NULL, 
	created DOUBLE NOT NULL, 
	elapsed DOUBLE NOT NULL, 
	revision BIGINT NOT NULL, 
	trials INTEGER NOT NULL, 
	started INTEGER NOT NULL, 
	last_change DOUBLE, is_paused BOOLEAN DEFAULT 0 NOT NULL, stops INTEGER DEFAULT '0' NOT NULL, 
	UNIQUE (name)
);
INSERT INTO "studies" VALUES(1,'größer 🎛','maximize','{"parameters": {"lr": {"type": "float", "low": 1e-05, "high": 0.1, "log": true}, "lambda": {"type": "choice", "options": ["a", null], "labels": ["a", "None"]}}, "require": ["lr < 0.05"]}','{"name": "random"}','{"name": "asha", "eta": 3}',9223372036854775807,'{"metric": "auc", "data": null}',1700000001.0,12.5,17,8,6,1700000010.5,1,2);
INSERT INTO "studies" VALUES(2,'default','minimize','{"parameters": {}}','{"name": "grid"}',NULL,0,'{}',1700000001.25,0.0,0,0,0,NULL,0,0);
CREATE TABLE trials (
	study_id INTEGER NOT NULL, 
	number INTEGER NOT NULL, 
	config TEXT NOT NULL, 
	state TEXT NOT NULL, 
	value DOUBLE, 
	odd_value TEXT, 
	failure_kind TEXT, 
	failure_message TEXT, 
	failure_traceback TEXT, 
	origin TEXT NOT NULL, 
	reason TEXT NOT NULL, 
	is_repeat BOOLEAN NOT NULL, 
	attempt INTEGER NOT NULL, 
	lost INTEGER NOT NULL, 
	worker TEXT, 
	created DOUBLE NOT NULL, 
	started DOUBLE, 
	finished DOUBLE, 
	revision BIGINT NOT NULL, note TEXT DEFAULT '' NOT NULL, 
	PRIMARY KEY (study_id, number), 
	FOREIGN KEY(study_id) REFERENCES studies (id)
)
 WITHOUT ROWID

;
INSERT INTO "trials" VALUES(1,0,'{"lr": 0.30000000000000004, "lambda": null, "n": 0}','complete',4.94065645841247e-324,NULL,NULL,NULL,NULL,'method','',0,1,0,'node7:4121:9f3a2c1b7d55',1700000001.5,1700000001.5,1700000002.75,4,'');
INSERT INTO "trials" VALUES(1,1,'{"lr": 0.30000000000000004, "lambda": null, "n": 1}','stopped',0.0,'-0.0',NULL,NULL,NULL,'method','below the median',0,1,0,'node7:4121:9f3a2c1b7d55',1700000003.25,1700000003.25,1700000004.25,7,'looks odd 🎛');
INSERT INTO "trials" VALUES(1,2,'{"lr": 0.30000000000000004, "lambda": null, "n": 2}','failed',NULL,NULL,'timeout','ran longer than 3 s','Traceback
  ''x''','method','',0,1,0,'node7:4121:9f3a2c1b7d55',1700000004.75,1700000004.75,1700000005.5,9,'');
INSERT INTO "trials" VALUES(1,3,'{"lr": 0.30000000000000004, "lambda": null, "n": 3}','paused',NULL,NULL,NULL,NULL,NULL,'method','',0,1,0,'node7:4121:9f3a2c1b7d55',1700000006.0,1700000006.0,NULL,12,'');
INSERT INTO "trials" VALUES(1,4,'{"lr": 0.30000000000000004, "lambda": null, "n": 4}','waiting',NULL,NULL,NULL,NULL,NULL,'method','',0,1,0,'node7:4121:9f3a2c1b7d55',1700000007.5,1700000007.5,NULL,14,'');
INSERT INTO "trials" VALUES(1,5,'{"lr": 0.30000000000000004, "lambda": null, "n": 5}','running',NULL,NULL,NULL,NULL,NULL,'method','',0,1,0,'node7:4121:9f3a2c1b7d55',1700000008.5,1700000008.5,NULL,15,'');
INSERT INTO "trials" VALUES(1,6,'{"lr": 0.30000000000000004, "lambda": null, "n": 6}','waiting',NULL,NULL,NULL,NULL,NULL,'enqueued','',0,0,0,NULL,1700000009.25,NULL,NULL,16,'');
INSERT INTO "trials" VALUES(1,7,'{"lr": 0.30000000000000004, "lambda": null, "n": 7}','complete',9e999,NULL,NULL,NULL,NULL,'added','',1,0,0,NULL,1700000010.0,NULL,1700000010.0,17,'');
CREATE TABLE tunesmith_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT tunesmith_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "tunesmith_version" VALUES('0002');
CREATE TABLE workers (
	id TEXT NOT NULL, 
	machine TEXT NOT NULL, 
	boot TEXT NOT NULL, 
	namespace TEXT NOT NULL, 
	pid BIGINT NOT NULL, 
	start TEXT NOT NULL, 
	heartbeat DOUBLE NOT NULL, 
	PRIMARY KEY (id)
)
 WITHOUT ROWID

;
INSERT INTO "workers" VALUES('node7:4121:9f3a2c1b7d55','2d1f/node7','7c0e8a52-1111-4222-8333-944445555666','4026531836',4121,'236874',1700000010.25);
CREATE INDEX trials_by_revision ON trials (study_id, revision);
CREATE INDEX trials_by_state ON trials (study_id, state, value);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('studies',2);
COMMIT;
