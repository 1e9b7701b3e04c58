/**
 * Every refusal the ledger can answer with, by name. The code and title are the public contract
 * (ledger-api §11.2); the HTTP status of each lives in the server, beside the error handler.
 */
export const errorCatalogue = {
  /** ledger name already used in the organization */
  ledger_name_conflict: { code: '0002', title: 'Ledger Name Conflict' },
  /** asset name or code already used in the ledger */
  asset_name_or_code_duplicate: { code: '0003', title: 'Asset Name or Code Duplicate' },
  /** asset code has a non-upper-case letter */
  code_uppercase_requirement: { code: '0004', title: 'Code Uppercase Requirement' },
  /** fiat/currency asset code is not ISO 4217 */
  currency_code_standard_compliance: { code: '0005', title: 'Currency Code Standard Compliance' },
  /** generic missing record (transactions, operations, balances, asset rates, …) */
  entity_not_found: { code: '0007', title: 'Entity Not Found' },
  /** delete organization/ledger in production */
  action_not_permitted: { code: '0008', title: 'Action Not Permitted' },
  /** required field absent */
  missing_fields_in_request: { code: '0009', title: 'Missing Fields in Request' },
  /** account delete refused because a balance is not empty */
  account_balance_deletion: { code: '0012', title: 'Account Balance Deletion Error' },
  /** segment name already used */
  duplicate_segment_name: { code: '0015', title: 'Duplicate Segment Name Error' },
  /** DSL semantic problem */
  invalid_script_format: { code: '0017', title: 'Invalid Script Format Error' },
  /** available would become negative */
  insufficient_funds: { code: '0018', title: 'Insufficient Funds Error' },
  /** number of balances found differs from number of legs (unknown alias/key) */
  account_ineligibility: { code: '0019', title: 'Account Ineligibility Error' },
  /** account alias taken */
  alias_unavailability: { code: '0020', title: 'Alias Unavailability Error' },
  /** source cannot send or destination cannot receive */
  account_status_transaction_restriction: { code: '0024', title: 'Account Status Transaction Restriction' },
  /** parent account unknown or malformed */
  invalid_parent_account_id: { code: '0029', title: 'Invalid Parent Account ID' },
  /** parent account has another asset */
  mismatched_asset_code: { code: '0030', title: 'Mismatched Asset Code' },
  /** address country invalid */
  invalid_country_code: { code: '0032', title: 'Invalid Country Code' },
  /** asset code has a non-letter */
  invalid_code_format: { code: '0033', title: 'Invalid Code Format' },
  /** asset code unknown, or leg balance holds a different asset */
  asset_code_not_found: { code: '0034', title: 'Asset Code Not Found' },
  /** portfolio unknown */
  portfolio_id_not_found: { code: '0035', title: 'Portfolio ID Not Found' },
  /** segment unknown */
  segment_id_not_found: { code: '0036', title: 'Segment ID Not Found' },
  /** ledger unknown */
  ledger_id_not_found: { code: '0037', title: 'Ledger ID Not Found' },
  /** organization unknown */
  organization_id_not_found: { code: '0038', title: 'Organization ID Not Found' },
  /** parent organization unknown */
  parent_organization_id_not_found: { code: '0039', title: 'Parent Organization ID Not Found' },
  /** asset type not in the allowed set */
  invalid_type: { code: '0040', title: 'Invalid Type' },
  /** no bearer token */
  token_missing: { code: '0041', title: 'Token Missing' },
  /** token invalid/expired */
  invalid_token: { code: '0042', title: 'Invalid Token' },
  /** caller lacks the permission */
  insufficient_privileges: { code: '0043', title: 'Insufficient Privileges' },
  /** authorizer failure */
  permission_enforcement: { code: '0044', title: 'Permission Enforcement Error' },
  /** key set retrieval failure */
  jwk_fetch: { code: '0045', title: 'JWK Fetch Error' },
  /** unexpected failure */
  internal_server: { code: '0046', title: 'Internal Server Error' },
  /** field rule violated, see errors[] */
  bad_request: { code: '0047', title: 'Bad Request' },
  /** DSL file malformed or wrong extension */
  invalid_dsl_file_format: { code: '0048', title: 'Invalid DSL File Format' },
  /** DSL file empty */
  empty_dsl_file: { code: '0049', title: 'Empty DSL File' },
  /** metadata key > 100 */
  metadata_key_length_exceeded: { code: '0050', title: 'Metadata Key Length Exceeded' },
  /** metadata value > 2000 */
  metadata_value_length_exceeded: { code: '0051', title: 'Metadata Value Length Exceeded' },
  /** account unknown */
  account_id_not_found: { code: '0052', title: 'Account ID Not Found' },
  /** unknown field(s) in body */
  unexpected_fields_in_the_request: { code: '0053', title: 'Unexpected Fields in the Request' },
  /** some account ids unknown */
  ids_not_found_for_accounts: { code: '0054', title: 'IDs Not Found for Accounts' },
  /** asset unknown */
  asset_id_not_found: { code: '0055', title: 'Asset ID Not Found' },
  /** metadata filter found no asset */
  no_assets_found: { code: '0056', title: 'No Assets Found' },
  /** metadata filter found no segment */
  no_segments_found: { code: '0057', title: 'No Segments Found' },
  /** metadata filter found no portfolio */
  no_portfolios_found: { code: '0058', title: 'No Portfolios Found' },
  /** metadata filter found no organization */
  no_organizations_found: { code: '0059', title: 'No Organizations Found' },
  /** metadata filter found no ledger */
  no_ledgers_found: { code: '0060', title: 'No Ledgers Found' },
  /** balance update affected no row (not raised in this release) */
  balance_update_failed: { code: '0061', title: 'Balance Update Failed' },
  /** alias bulk lookup failed */
  failed_to_retrieve_accounts_by_aliases: { code: '0063', title: 'Failed To Retrieve Accounts By Aliases' },
  /** metadata filter found no account */
  no_accounts_found: { code: '0064', title: 'No Accounts Found' },
  /** path parameter not a UUID */
  invalid_path_parameter: { code: '0065', title: 'Invalid Path Parameter' },
  /** account type not registered while validateAccountType is on */
  invalid_account_type: { code: '0066', title: 'Invalid Account Type' },
  /** metadata value is an object */
  invalid_metadata_nesting: { code: '0067', title: 'Invalid Metadata Nesting' },
  /** operation unknown */
  operation_id_not_found: { code: '0068', title: 'Operation ID Not Found' },
  /** metadata filter found no operation */
  no_operations_found: { code: '0069', title: 'No Operations Found' },
  /** transaction unknown */
  transaction_id_not_found: { code: '0070', title: 'Transaction ID Not Found' },
  /** metadata filter found no transaction */
  no_transactions_found: { code: '0071', title: 'No Transactions Found' },
  /** leg has zero or several of amount/share/remaining */
  invalid_transaction_type: { code: '0072', title: 'Invalid Transaction Type' },
  /** source total, destination total and send.value differ */
  transaction_value_mismatch: { code: '0073', title: 'Transaction Value Mismatch' },
  /** update/delete of an external account */
  external_account_modification_prohibited: { code: '0074', title: 'External Account Modification Prohibited' },
  /** date invalid after normalisation */
  invalid_date_format: { code: '0077', title: 'Invalid Date Format Error' },
  /** start after end */
  invalid_final_date: { code: '0078', title: 'Invalid Final Date Error' },
  /** limit above maximum */
  pagination_limit_exceeded: { code: '0080', title: 'Pagination Limit Exceeded' },
  /** sort_order not asc/desc */
  invalid_sort_order: { code: '0081', title: 'Invalid Sort Order' },
  /** query parameter malformed */
  invalid_query_parameter: { code: '0082', title: 'Invalid Query Parameter' },
  /** only one of the two dates */
  invalid_date_range: { code: '0083', title: 'Invalid Date Range Error' },
  /** idempotency key in flight */
  duplicate_idempotency_key: { code: '0084', title: 'Duplicate Idempotency Key' },
  /** alias unknown */
  account_alias_not_found: { code: '0085', title: 'Account Alias Not Found' },
  /** optimistic lock lost */
  race_condition_detected: { code: '0086', title: 'Race condition detected' },
  /** transaction already reverted */
  transaction_revert_already_exist: { code: '0087', title: 'Transaction Revert already exist' },
  /** target is itself a reversal */
  transaction_is_already_a_reversal: { code: '0088', title: 'Transaction is already a reversal' },
  /** nothing reversible */
  transaction_cannot_be_reverted: { code: '0089', title: "Transaction can't be reverted" },
  /** same balance on both sides */
  transaction_ambiguous_account: { code: '0090', title: 'Transaction ambiguous account' },
  /** organization is its own parent */
  id_cannot_be_used_as_the_parent_id: { code: '0091', title: 'ID cannot be used as the parent ID' },
  /** balance not empty */
  balance_cannot_be_deleted: { code: '0093', title: 'Balance cannot be deleted' },
  /** body is not JSON or a member has the wrong JSON type */
  unmarshalling: { code: '0094', title: 'Unmarshalling error' },
  /** queue and fallback write failed */
  message_broker_unavailable: { code: '0095', title: 'Message Broker Unavailable' },
  /** alias characters */
  invalid_account_alias: { code: '0096', title: 'Invalid Account Alias' },
  /** numeric overflow */
  overflow: { code: '0097', title: 'Overflow Error' },
  /** pending with external source */
  invalid_pending_transaction: { code: '0098', title: 'Invalid Pending Transaction' },
  /** commit/cancel of non-pending, revert of non-approved */
  invalid_transaction_status: { code: '0099', title: 'Invalid Transaction Status' },
  /** operation route title taken (not raised in this release) */
  operation_route_title_already_exists: { code: '0100', title: 'Operation Route Title Already Exists' },
  /** operation route unknown */
  operation_route_not_found: { code: '0101', title: 'Operation Route Not Found' },
  /** metadata filter found no operation route */
  no_operation_routes_found: { code: '0102', title: 'No Operation Routes Found' },
  /** operationType invalid */
  invalid_operation_route_type: { code: '0103', title: 'Invalid Operation Route Type' },
  /** fewer than 2 operation routes */
  missing_operation_routes_in_request: { code: '0104', title: 'Missing Operation Routes in Request' },
  /** transaction route unknown */
  transaction_route_not_found: { code: '0105', title: 'Transaction Route Not Found' },
  /** metadata filter found no transaction route */
  no_transaction_routes_found: { code: '0106', title: 'No Transaction Routes Found' },
  /** operation route in use */
  operation_route_linked_to_transaction_routes: { code: '0107', title: 'Operation Route Linked to Transaction Routes' },
  /** account type keyValue taken */
  duplicate_account_type_key_value: { code: '0108', title: 'Duplicate Account Type Key Value Error' },
  /** account type unknown */
  account_type_not_found: { code: '0109', title: 'Account Type Not Found Error' },
  /** metadata filter found no account type */
  no_account_types_found: { code: '0110', title: 'No Account Types Found' },
  /** account rule type invalid */
  invalid_account_rule_type: { code: '0111', title: 'Invalid Account Rule Type' },
  /** account rule value has the wrong JSON type */
  invalid_account_rule_value: { code: '0112', title: 'Invalid Account Rule Value' },
  /** stored account rule unusable */
  corrupted_account_rule: { code: '0113', title: 'Corrupted Account Rule' },
  /** routeId missing while validateRoutes is on */
  transaction_route_not_informed: { code: '0114', title: 'Transaction Route Not Informed' },
  /** routeId not a uuid */
  invalid_transaction_route_id: { code: '0115', title: 'Invalid Transaction Route ID' },
  /** used routes do not match the route set */
  accounting_route_count_mismatch: { code: '0116', title: 'Accounting Route Count Mismatch' },
  /** leg route missing or not in group */
  accounting_route_not_found: { code: '0117', title: 'Accounting Route Not Found' },
  /** alias rule failed */
  accounting_alias_validation_failed: { code: '0118', title: 'Accounting Alias Validation Failed' },
  /** account type rule failed */
  accounting_account_type_validation_failed: { code: '0119', title: 'Accounting Account Type Validation Failed' },
  /** account type keyValue characters */
  invalid_characters: { code: '0120', title: 'Invalid Characters' },
  /** transactionDate in the future */
  invalid_future_date: { code: '0121', title: 'Invalid Future Date Error' },
  /** transactionDate with pending */
  invalid_field_for_pending_transaction: { code: '0122', title: 'Invalid Field for Pending Transaction Error' },
  /** balance key taken */
  duplicated_alias_key_value: { code: '0123', title: 'Duplicated Alias Key Value Error' },
  /** additional balance on external account */
  additional_balance_creation_not_allowed: { code: '0124', title: 'Additional Balance Creation Not Allowed' },
  /** send.value ≤ 0 */
  invalid_transaction_value: { code: '0125', title: 'Invalid Transaction Value' },
  /** account has no default balance (not raised in this release: `0007` instead, §4.9) */
  default_balance_not_found: { code: '0126', title: 'Default Balance Not Found' },
  /** default balance could not be created */
  account_creation_failed: { code: '0127', title: 'Account Creation Failed' },
  /** backup write failed */
  transaction_backup_cache_failed: { code: '0128', title: 'Transaction Backup Cache Failed' },
  /** backup serialisation failed */
  transaction_backup_cache_marshal_failed: { code: '0129', title: 'Transaction Backup Cache Marshal Failed' },
  /** date/time layout wrong */
  invalid_datetime_format: { code: '0131', title: 'Invalid Datetime Format Error' },
  /** index exists (0132, 0134–0137: see §8) */
  metadata_index_already_exists: { code: '0132', title: 'Metadata Index Already Exists' },
  /** index unknown */
  metadata_index_not_found: { code: '0133', title: 'Metadata Index Not Found' },
  /** index key format */
  invalid_metadata_key_format: { code: '0134', title: 'Invalid Metadata Key Format' },
  /** too many indexes */
  metadata_index_limit_exceeded: { code: '0135', title: 'Metadata Index Limit Exceeded' },
  /** index build failed */
  metadata_index_creation_failed: { code: '0136', title: 'Metadata Index Creation Failed' },
  /** protected index */
  metadata_index_deletion_forbidden: { code: '0137', title: 'Metadata Index Deletion Forbidden' },
  /** entity name unknown */
  invalid_entity_name: { code: '0138', title: 'Invalid Entity Name' },
  /** backup read failed */
  transaction_backup_cache_retrieval_failed: { code: '0139', title: 'Transaction Backup Cache Retrieval Failed' },
  /** history date in the future */
  invalid_timestamp: { code: '0140', title: 'Invalid Timestamp' },
  /** no balance at that moment */
  no_balance_data_at_date: { code: '0141', title: 'No Balance Data at Date' },
  /** date parameter missing */
  missing_required_query_parameter: { code: '0142', title: 'Missing Required Query Parameter' },
  /** body too large */
  payload_too_large: { code: '0143', title: 'Payload Too Large' },
  /** nesting > 10 */
  json_nesting_depth_exceeded: { code: '0144', title: 'JSON Nesting Depth Exceeded' },
  /** > 100 free-form keys */
  json_key_count_exceeded: { code: '0145', title: 'JSON Key Count Exceeded' },
  /** tenant schema missing */
  tenant_not_provisioned: { code: '0146', title: 'Tenant Not Provisioned' },
  /** settings key unknown */
  unknown_settings_field: { code: '0147', title: 'Unknown Settings Field' },
  /** settings value type */
  invalid_settings_field_type: { code: '0148', title: 'Invalid Settings Field Type' },
  /** nested settings key at root */
  settings_field_at_root_level: { code: '0149', title: 'Settings Field at Root Level' },
  /** revert through non-bidirectional route */
  route_not_bidirectional: { code: '0150', title: 'Route Not Bidirectional' },
  /** bidirectional route lacks debit or credit */
  missing_counterpart: { code: '0151', title: 'Missing Counterpart' },
  /** direction conflicts with route type */
  direction_route_mismatch: { code: '0152', title: 'Direction Route Mismatch' },
  /** no source-capable route */
  no_source_for_action: { code: '0153', title: 'No Source for Action' },
  /** no destination-capable route */
  no_destination_for_action: { code: '0154', title: 'No Destination for Action' },
  /** action name invalid (not raised in this release) */
  invalid_route_action: { code: '0155', title: 'Invalid Route Action' },
  /** route has no entries for action */
  no_routes_for_action: { code: '0157', title: 'No Routes for Action' },
  /** > 100 operation routes */
  too_many_operation_routes: { code: '0158', title: 'Too Many Operation Routes' },
  /** tenant suspended */
  service_suspended: { code: '0159', title: 'Service Suspended' },
  /** tenant unknown */
  tenant_not_found: { code: '0160', title: 'Tenant Not Found' },
  /** tenant resolver down */
  tenant_service_unavailable: { code: '0161', title: 'Tenant Service Unavailable' },
  /** scenario forbidden for route type */
  scenario_not_allowed_for_direction: { code: '0162', title: 'Scenario Not Allowed For Direction' },
  /** hold/commit/cancel incomplete */
  reserve_group_incomplete: { code: '0163', title: 'Reserve Group Incomplete' },
  /** direct scenario missing */
  direct_scenario_required: { code: '0164', title: 'Direct Scenario Required' },
  /** revert on one-way route */
  revert_only_bidirectional: { code: '0165', title: 'Revert Only Bidirectional' },
  /** required rubric side missing */
  accounting_entry_field_required: { code: '0166', title: 'Accounting Entry Field Required' },
  /** overdraft limit */
  overdraft_limit_exceeded: { code: '0167', title: 'Overdraft Limit Exceeded Error' },
  /** leg targets internal balance */
  direct_operation_on_internal_balance: { code: '0168', title: 'Direct Operation On Internal Balance Error' },
  /** delete of internal balance */
  deletion_of_internal_balance: { code: '0169', title: 'Deletion Of Internal Balance Error' },
  /** additional balance with key `overdraft` */
  reserved_balance_key: { code: '0170', title: 'Reserved Balance Key Error' },
  /** direction not credit/debit */
  invalid_balance_direction: { code: '0171', title: 'Invalid Balance Direction Error' },
  /** balance settings invalid */
  invalid_balance_settings: { code: '0172', title: 'Invalid Balance Settings Error' },
  /** limit below current use */
  overdraft_limit_below_usage: { code: '0173', title: 'Overdraft Limit Below Usage Error' },
  /** balance changed concurrently, retry */
  stale_balance_version: { code: '0174', title: 'Stale Balance Version Error' },
  /** update of internal balance */
  update_of_internal_balance: { code: '0175', title: 'Update Of Internal Balance Error' },
  /** settings enum value */
  invalid_settings_field_value: { code: '0176', title: 'Invalid Settings Field Value' },
  /** limit guard denied */
  transaction_reservation_denied: { code: '0177', title: 'Transaction Reservation Denied Error' },
  /** limit guard unreachable (fail closed) */
  transaction_reservation_unavailable: { code: '0178', title: 'Transaction Reservation Unavailable Error' },
  /** no such route */
  route_not_found: { code: '0484', title: 'Route Not Found' },
  /** method not supported (HTTP 405) */
  method_not_allowed: { code: '0485', title: 'Method Not Allowed' },
  /** another commit/cancel holds the lock */
  transaction_locked: { code: '0486', title: 'Transaction Locked' },
  /** instrument ledger missing */
  instrument_ledger_reference_not_found: { code: '0488', title: 'Instrument Ledger Reference Not Found' },
  /** instrument account missing */
  instrument_account_reference_not_found: { code: '0489', title: 'Instrument Account Reference Not Found' },
  /** skip flag without override */
  skip_not_permitted: { code: '0490', title: 'Skip Not Permitted' },
  /** holderId missing while required */
  holder_required: { code: '0491', title: 'Holder Required' },
  /** route lacks overdraft rubric */
  overdraft_route_not_configured: { code: '0492', title: 'Overdraft Route Not Configured Error' },
  /** headers too large (HTTP 431) */
  request_header_fields_too_large: { code: '0497', title: 'Request Header Fields Too Large' },
  /** holder unknown */
  holder_id_not_found: { code: 'CRM-0006', title: 'Holder ID Not Found' },
  /** instrument unknown */
  instrument_id_not_found: { code: 'CRM-0008', title: 'Instrument ID Not Found' },
  /** document of another holder of the organization */
  document_association: { code: 'CRM-0010', title: 'Document Association Error' },
  /** account has an instrument */
  account_already_associated: { code: 'CRM-0013', title: 'Account Already Associated' },
  /** holder delete refused because of instruments */
  holder_has_instruments: { code: 'CRM-0017', title: 'Unable to Delete Holder' },
  /** banking details closed before the instrument was made */
  closing_date_before_creation: { code: 'CRM-0023', title: 'Alias Closing Date Before Creation Date' },
  /** related party unknown */
  related_party_not_found: { code: 'CRM-0024', title: 'Related Party Not Found' },
  /** role of a related party invalid */
  invalid_related_party_role: { code: 'CRM-0025', title: 'Invalid Related Party Role' },
  /** related party without document */
  related_party_document_required: { code: 'CRM-0026', title: 'Related Party Document Required' },
  /** related party without name */
  related_party_name_required: { code: 'CRM-0027', title: 'Related Party Name Required' },
  /** related party without startDate */
  related_party_start_date_required: { code: 'CRM-0028', title: 'Related Party Start Date Required' },
  /** endDate of a related party before its startDate, or no date */
  related_party_end_date_invalid: { code: 'CRM-0029', title: 'Related Party End Date Invalid' },
  /** holder delete refused because of accounts */
  holder_has_accounts: { code: 'CRM-0030', title: 'Unable to Delete Holder' },
  /** a quota of the tenant is used up (HTTP 429, with Retry-After); ours, the contract has no such code */
  tenant_quota_exceeded: { code: 'COF-0001', title: 'Tenant Quota Exceeded' },
} as const satisfies Record<string, { code: string; title: string }>;

export type ErrorName = keyof typeof errorCatalogue;
