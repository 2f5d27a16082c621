-- A ledger as 0.1.0 left it, before migrations: three readings, one of them retired.
BEGIN TRANSACTION;
CREATE TABLE input (
	input_id VARCHAR NOT NULL, 
	source VARCHAR NOT NULL, 
	office_code VARCHAR NOT NULL, 
	path VARCHAR NOT NULL, 
	content_sha VARCHAR NOT NULL, 
	reading_hash VARCHAR NOT NULL, 
	reference_hash VARCHAR NOT NULL, 
	delivery_kind VARCHAR NOT NULL, 
	scope_id VARCHAR, 
	delivery_seq BIGINT NOT NULL, 
	unit_code VARCHAR, 
	period_id VARCHAR, 
	sent_on DATE NOT NULL, 
	datasets VARCHAR NOT NULL, 
	status VARCHAR NOT NULL, 
	rows_read INTEGER NOT NULL, 
	rows_accepted INTEGER NOT NULL, 
	rows_quarantined INTEGER NOT NULL, 
	rows_duplicate INTEGER NOT NULL, 
	rows_skipped INTEGER NOT NULL, 
	reason VARCHAR, 
	batch_id VARCHAR NOT NULL, 
	retired BOOLEAN NOT NULL, 
	PRIMARY KEY (input_id), 
	UNIQUE (delivery_seq)
);
INSERT INTO "input" VALUES('a','s','282','inbox/a.csv','a','r','f','upsert',NULL,1048576,NULL,NULL,'2023-06-15','case','landed',1,1,0,0,0,NULL,'b',0);
INSERT INTO "input" VALUES('b','s','282','inbox/b.csv','b','r','f','upsert',NULL,2097152,'10441','2023-06','2023-06-15','case','landed',5,2,3,0,0,NULL,'b',0);
INSERT INTO "input" VALUES('c','s','282','inbox/c.csv','c','r','f','upsert',NULL,3145728,NULL,NULL,'2023-06-15','case','landed',1,1,0,0,0,NULL,'b',1);
CREATE TABLE input_rule (
	input_id VARCHAR NOT NULL, 
	rule_id VARCHAR NOT NULL, 
	column_name VARCHAR NOT NULL, 
	severity VARCHAR NOT NULL, 
	n_rows INTEGER NOT NULL, 
	PRIMARY KEY (input_id, rule_id, column_name), 
	FOREIGN KEY(input_id) REFERENCES input (input_id)
);
INSERT INTO "input_rule" VALUES('b','case.received_at.type','Ngày tiếp nhận','quarantine',3);
CREATE TABLE mark (
	name VARCHAR NOT NULL, 
	value VARCHAR NOT NULL, 
	PRIMARY KEY (name)
);
INSERT INTO "mark" VALUES('key','mark-of-the-key');
CREATE TABLE part (
	path VARCHAR NOT NULL, 
	dataset VARCHAR NOT NULL, 
	batch_id VARCHAR NOT NULL, 
	contract_version INTEGER NOT NULL, 
	rows INTEGER NOT NULL, 
	PRIMARY KEY (path)
);
INSERT INTO "part" VALUES('landing/case/batch.parquet','case','b',3,3);
COMMIT;
