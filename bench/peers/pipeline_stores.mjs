// The rows of the pipeline: devices, notifications, and what became of each push. Statements are few and large.
import { createPool } from 'mysql2/promise';
import { scene } from './peer.mjs';

const pool = createPool({ host: '127.0.0.1', port: scene.mysql_port, user: 'root', database: 'pipeline', connectionLimit: 10 });

export async function makeTables() {
  await pool.query(`CREATE TABLE IF NOT EXISTS devices (id BIGINT AUTO_INCREMENT PRIMARY KEY,
    device_id VARCHAR(64) NOT NULL UNIQUE, token VARCHAR(255) NOT NULL, enabled BOOL NOT NULL DEFAULT TRUE)`);
  await pool.query(`CREATE TABLE IF NOT EXISTS notifications (id BIGINT AUTO_INCREMENT PRIMARY KEY, content JSON NOT NULL,
    last_device BIGINT NOT NULL DEFAULT 0, audience BIGINT NOT NULL DEFAULT 0, fanned_out BOOL NOT NULL DEFAULT FALSE,
    settled BIGINT NOT NULL DEFAULT 0)`);
  await pool.query(`CREATE TABLE IF NOT EXISTS deliveries (notification BIGINT, device BIGINT, outcome VARCHAR(16) NOT NULL,
    message_id VARCHAR(255), code VARCHAR(64), attempts INT NOT NULL, at DATETIME(3) NOT NULL,
    PRIMARY KEY (notification, device))`);
}

export async function addDevices(devices) {
  await pool.query('INSERT INTO devices (device_id, token) VALUES ?', [devices]);
}

export async function create(content) {
  const [made] = await pool.query('INSERT INTO notifications (content) VALUES (?)', [JSON.stringify(content)]);
  return made.insertId;
}

export async function progress(notification) {
  const [[row]] = await pool.query('SELECT audience, settled, fanned_out, last_device FROM notifications WHERE id = ?',
    [notification]);
  return row;
}

export async function outcomes(notification) {
  const [rows] = await pool.query('SELECT outcome, COUNT(*) AS n FROM deliveries WHERE notification = ? GROUP BY outcome',
    [notification]);
  return Object.fromEntries(rows.map(({ outcome, n }) => [outcome, n]));
}

export async function page(after, size) {
  const [rows] = await pool.query('SELECT id, token FROM devices WHERE id > ? AND enabled ORDER BY id LIMIT ?', [after, size]);
  return rows;
}

/// After the page's jobs are in the queue: a crash between the two gives them again, under the same job ids.
export async function pageDone(notification, last, size) {
  await pool.query('UPDATE notifications SET last_device = ?, audience = audience + ? WHERE id = ?', [last, size, notification]);
}

export async function allPagesDone(notification) {
  await pool.query('UPDATE notifications SET fanned_out = TRUE WHERE id = ?', [notification]);
}

/// Rows [device, outcome, message_id, code, attempts]. A repeated job changes nothing; so only new rows count.
export async function record(notification, rows) {
  if (rows.length === 0) return;
  const at = new Date();
  const connection = await pool.getConnection();
  try {
    await connection.beginTransaction();
    const [made] = await connection.query(
      'INSERT IGNORE INTO deliveries (notification, device, outcome, message_id, code, attempts, at) VALUES ?',
      [rows.map((row) => [notification, ...row, at])]);
    const dead = rows.filter(([, outcome]) => outcome === 'unregistered').map(([device]) => device);
    if (dead.length > 0) await connection.query('UPDATE devices SET enabled = FALSE WHERE id IN (?)', [dead]);
    await connection.query('UPDATE notifications SET settled = settled + ? WHERE id = ?', [made.affectedRows, notification]);
    await connection.commit();
  } catch (error) {
    await connection.rollback();
    throw error;
  } finally {
    connection.release();
  }
}
