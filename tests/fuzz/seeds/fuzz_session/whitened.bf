blindfit-session 1
nonce e6182fcc79221df2997f59acb1f96637f0ef7db23034d5dd2efd29fa8431467a
split rows audit sample 100
owner a 1f448a07cc6ad9bd054c41930f0da99534badc4f1e0e7d2625383bc60a442944 1b61647c5135d1c4d848c1f5cf046b10dd4410ec663284e48aeee9ccbb32cb2c 60 receives whitens
owner b c9325f7c44b79ff7632269b0548da0ec3a6eafa7affb930923b5498391f80d7f 81e3db4edb574a66aeab7eb39e1f2f69875802b85b7e790b30dadfd886959c55 68 receives
job 916
{
	"blindfit_job":	2,
	"data_set":	"80fea9021106e55f2ef2592e47ca964d871903d1977986ef8497e14f11a1342c",
	"samples":	128,
	"features":	8,
	"classes":	3,
	"owners":	2,
	"recipe":	{
		"kind":	"whitened",
		"iterations":	2,
		"feature_map":	"none",
		"sigmoid":	[0.12112193, -0.00063517999999999995],
		"sigmoid_range":	12,
		"lambda":	0.02,
		"clip":	1.25,
		"components":	0,
		"steps":	[4, 4, 4],
		"batch":	0
	},
	"layout":	{
		"features_per_ciphertext":	4,
		"dense_places":	2
	},
	"log2_scales":	{
		"rows":	23.447141621499856,
		"mask":	9.2940463132714992,
		"labels":	28,
		"dense":	28,
		"start":	0
	},
	"polynomial":	{
		"division":	"late",
		"primes":	1
	},
	"rings":	[{
			"log2_ring_degree":	14,
			"digit_limbs":	5,
			"primes":	[516227134750721, 524843253761, 524842270721, 515104641810433, 148996097],
			"special_primes":	[3009684078593, 3009683685377, 3009683619841, 3009683488769, 3009683423233]
		}]
}
