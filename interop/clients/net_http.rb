# Ruby's Net::HTTP. `net_http.rb PLAN`
require 'digest'
require 'json'
require 'net/http'

plan = JSON.parse(File.read(ARGV[0]))
record = ->(what) { puts JSON.generate(what) }

run = lambda do |http, exchange|
  id, abort = exchange.values_at('id', 'abort')
  request = Net::HTTP.const_get(exchange['method'].capitalize).new(exchange['target'])
  request['expect'] = '100-continue' if exchange['expect']
  if exchange['body']
    request['content-type'] = 'application/octet-stream'
    if exchange['chunked']
      request['transfer-encoding'] = 'chunked'
      request.body_stream = File.open(exchange['body'], 'rb')
    else
      request.body = File.binread(exchange['body'])
    end
  end
  if abort == 'download'
    http.request(request) do |response|
      response.read_body { throw :gone }
    end
  end
  response = http.request(request)
  content = (response.body || '').b
  record.call(id: id, status: response.code.to_i, got: response['x-got'], length: content.bytesize, sha256: Digest::SHA256.hexdigest(content))
rescue StandardError => e
  record.call(abort ? { id: id, aborted: true } : { id: id, error: e.inspect })
end

plan['groups'].each do |group|
  http = Net::HTTP.new(plan['host'], plan['port'], nil)
  http.continue_timeout = 0.3
  http.max_retries = 0
  http.start
  group['exchanges'].each do |exchange|
    done = false
    catch(:gone) do
      run.call(http, exchange)
      done = true
    end
    next if done

    record.call(id: exchange['id'], aborted: true)
    http.finish if http.started?
    http.start
  end
  http.finish if http.started?
end
